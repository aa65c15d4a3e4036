// Iterators and Arrow streams over a range, for C.
#include "handles.h"

using quiver::c::Bytes;
using quiver::c::Call;
using quiver::c::OptionsOf;

namespace {

// What iterators and Arrow streams have in common: a range of one state.

template <typename Options>
quiver_code SetBound(Options* options, bool upper, const char* key, size_t key_size,
                     quiver_error** error) {
  return Call(error, {{options, "options"}, {key, key_size, "key"}}, [&]() -> quiver::Result<void> {
    auto& bound = upper ? options->options.upper_bound : options->options.lower_bound;
    bound.reset();
    if (key != nullptr) bound = std::string(key, key_size);
    return {};
  });
}

template <typename Options>
quiver_code SetPrefix(Options* options, const char* prefix, size_t prefix_size,
                      quiver_error** error) {
  return Call(error, {{options, "options"}, {prefix, prefix_size, "prefix"}},
              [&]() -> quiver::Result<void> {
                options->options.prefix = Bytes(prefix, prefix_size);
                return {};
              });
}

template <typename Options>
quiver_code SetFillCache(Options* options, bool fill_cache, quiver_error** error) {
  return Call(error, {{options, "options"}}, [&]() -> quiver::Result<void> {
    options->options.fill_cache = fill_cache;
    return {};
  });
}

template <typename Options>
quiver_code CreateOptions(Options** options, quiver_error** error) {
  return Call(error, {{options, "options"}}, [&]() -> quiver::Result<void> {
    *options = new Options();
    return {};
  });
}

}  // namespace

// ---- iterators

quiver_code quiver_iterator_options_create(quiver_iterator_options** options,
                                           quiver_error** error) {
  return CreateOptions(options, error);
}

void quiver_iterator_options_destroy(quiver_iterator_options* options) {
  delete options;
}

quiver_code quiver_iterator_options_set_lower_bound(quiver_iterator_options* options,
                                                    const char* key, size_t key_size,
                                                    quiver_error** error) {
  return SetBound(options, /*upper=*/false, key, key_size, error);
}

quiver_code quiver_iterator_options_set_upper_bound(quiver_iterator_options* options,
                                                    const char* key, size_t key_size,
                                                    quiver_error** error) {
  return SetBound(options, /*upper=*/true, key, key_size, error);
}

quiver_code quiver_iterator_options_set_prefix(quiver_iterator_options* options, const char* prefix,
                                               size_t prefix_size, quiver_error** error) {
  return SetPrefix(options, prefix, prefix_size, error);
}

quiver_code quiver_iterator_options_set_snapshot(quiver_iterator_options* options,
                                                 const quiver_snapshot* snapshot,
                                                 quiver_error** error) {
  return quiver::c::SetSnapshot(options, snapshot, error);
}

quiver_code quiver_iterator_options_set_keyspace(quiver_iterator_options* options,
                                                 const quiver_keyspace* keyspace,
                                                 quiver_error** error) {
  return quiver::c::SetKeyspace(options, keyspace, error);
}

quiver_code quiver_iterator_options_set_fill_cache(quiver_iterator_options* options,
                                                   bool fill_cache, quiver_error** error) {
  return SetFillCache(options, fill_cache, error);
}

quiver_code quiver_iterator_create(const quiver_database* database,
                                   const quiver_iterator_options* options,
                                   quiver_iterator** iterator, quiver_error** error) {
  return Call(error, {{database, "database"}, {iterator, "iterator"}},
              [&]() -> quiver::Result<void> {
                auto made = database->database->NewIterator(OptionsOf(options));
                if (!made) return made.error();
                *iterator = new quiver_iterator{std::move(*made), std::nullopt};
                return {};
              });
}

void quiver_iterator_destroy(quiver_iterator* iterator) {
  delete iterator;
}

void quiver_iterator_seek_to_first(quiver_iterator* iterator) {
  if (iterator == nullptr) return;
  iterator->seek_error.reset();
  iterator->iterator.SeekToFirst();
}

void quiver_iterator_seek_to_last(quiver_iterator* iterator) {
  if (iterator == nullptr) return;
  iterator->seek_error.reset();
  iterator->iterator.SeekToLast();
}

// False, with the iterator not valid, if the target is no key.
static bool TakesTarget(quiver_iterator* iterator, const char* key, size_t key_size) {
  if (iterator == nullptr) return false;
  iterator->seek_error.reset();
  auto checked = quiver::c::Check({{key, key_size, "key"}});
  if (!checked) iterator->seek_error = checked.error();
  return checked.ok();
}

void quiver_iterator_seek(quiver_iterator* iterator, const char* key, size_t key_size) {
  if (TakesTarget(iterator, key, key_size)) iterator->iterator.Seek(Bytes(key, key_size));
}

void quiver_iterator_seek_for_prev(quiver_iterator* iterator, const char* key, size_t key_size) {
  if (TakesTarget(iterator, key, key_size)) iterator->iterator.SeekForPrev(Bytes(key, key_size));
}

void quiver_iterator_next(quiver_iterator* iterator) {
  if (quiver_iterator_valid(iterator)) iterator->iterator.Next();
}

void quiver_iterator_prev(quiver_iterator* iterator) {
  if (quiver_iterator_valid(iterator)) iterator->iterator.Prev();
}

bool quiver_iterator_valid(const quiver_iterator* iterator) {
  return iterator != nullptr && !iterator->seek_error && iterator->iterator.Valid();
}

const char* quiver_iterator_key(const quiver_iterator* iterator, size_t* size) {
  const bool valid = quiver_iterator_valid(iterator);
  const std::string_view bytes = valid ? iterator->iterator.key() : std::string_view();
  if (size != nullptr) *size = bytes.size();
  return bytes.data();
}

const char* quiver_iterator_value(const quiver_iterator* iterator, size_t* size) {
  const bool valid = quiver_iterator_valid(iterator);
  const std::string_view bytes = valid ? iterator->iterator.value() : std::string_view();
  if (size != nullptr) *size = bytes.size();
  return bytes.data();
}

quiver_code quiver_iterator_status(const quiver_iterator* iterator, quiver_error** error) {
  return Call(error, {{iterator, "iterator"}}, [&]() -> quiver::Result<void> {
    if (iterator->seek_error) return *iterator->seek_error;
    return iterator->iterator.status();
  });
}

// ---- Arrow streams

quiver_code quiver_arrow_options_create(quiver_arrow_options** options, quiver_error** error) {
  return CreateOptions(options, error);
}

void quiver_arrow_options_destroy(quiver_arrow_options* options) {
  delete options;
}

quiver_code quiver_arrow_options_set_lower_bound(quiver_arrow_options* options, const char* key,
                                                 size_t key_size, quiver_error** error) {
  return SetBound(options, /*upper=*/false, key, key_size, error);
}

quiver_code quiver_arrow_options_set_upper_bound(quiver_arrow_options* options, const char* key,
                                                 size_t key_size, quiver_error** error) {
  return SetBound(options, /*upper=*/true, key, key_size, error);
}

quiver_code quiver_arrow_options_set_prefix(quiver_arrow_options* options, const char* prefix,
                                            size_t prefix_size, quiver_error** error) {
  return SetPrefix(options, prefix, prefix_size, error);
}

quiver_code quiver_arrow_options_set_snapshot(quiver_arrow_options* options,
                                              const quiver_snapshot* snapshot,
                                              quiver_error** error) {
  return quiver::c::SetSnapshot(options, snapshot, error);
}

quiver_code quiver_arrow_options_set_keyspace(quiver_arrow_options* options,
                                              const quiver_keyspace* keyspace,
                                              quiver_error** error) {
  return quiver::c::SetKeyspace(options, keyspace, error);
}

quiver_code quiver_arrow_options_set_fill_cache(quiver_arrow_options* options, bool fill_cache,
                                                quiver_error** error) {
  return SetFillCache(options, fill_cache, error);
}

quiver_code quiver_arrow_options_set_limit(quiver_arrow_options* options, uint64_t limit,
                                           quiver_error** error) {
  return Call(error, {{options, "options"}}, [&]() -> quiver::Result<void> {
    options->options.limit = limit;
    return {};
  });
}

quiver_code quiver_arrow_options_set_columns(quiver_arrow_options* options, bool key, bool value,
                                             bool sequence, quiver_error** error) {
  return Call(error, {{options, "options"}}, [&]() -> quiver::Result<void> {
    options->options.with_key = key;
    options->options.with_value = value;
    options->options.with_sequence = sequence;
    return {};
  });
}

quiver_code quiver_arrow_options_set_batch_rows(quiver_arrow_options* options, uint32_t rows,
                                                quiver_error** error) {
  return Call(error, {{options, "options"}}, [&]() -> quiver::Result<void> {
    options->options.batch_rows = rows;
    return {};
  });
}

quiver_code quiver_export_arrow(const quiver_database* database,
                                const quiver_arrow_options* options,
                                struct ArrowArrayStream* stream, quiver_error** error) {
  return Call(error, {{database, "database"}, {stream, "stream"}}, [&]() -> quiver::Result<void> {
    // The engine leaves *stream released where it fails; here it is left alone.
    ArrowArrayStream made;
    auto exported = database->database->ExportArrowStream(OptionsOf(options), &made);
    if (exported) *stream = made;
    return exported;
  });
}
