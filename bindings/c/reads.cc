// Gets and snapshots, for C.
#include <algorithm>

#include "handles.h"

using quiver::c::Bytes;
using quiver::c::Call;
using quiver::c::GiveHandle;
using quiver::c::OptionsOf;

quiver_code quiver_read_options_create(quiver_read_options** options, quiver_error** error) {
  return Call(error, {{options, "options"}}, [&]() -> quiver::Result<void> {
    *options = new quiver_read_options();
    return {};
  });
}

void quiver_read_options_destroy(quiver_read_options* options) {
  delete options;
}

quiver_code quiver_read_options_set_snapshot(quiver_read_options* options,
                                             const quiver_snapshot* snapshot,
                                             quiver_error** error) {
  return quiver::c::SetSnapshot(options, snapshot, error);
}

quiver_code quiver_read_options_set_keyspace(quiver_read_options* options,
                                             const quiver_keyspace* keyspace,
                                             quiver_error** error) {
  return quiver::c::SetKeyspace(options, keyspace, error);
}

quiver_code quiver_read_options_set_fill_cache(quiver_read_options* options, bool fill_cache,
                                               quiver_error** error) {
  return Call(error, {{options, "options"}}, [&]() -> quiver::Result<void> {
    options->fill_cache = fill_cache;
    return {};
  });
}

// ---- gets

quiver_code quiver_get(const quiver_database* database, const quiver_read_options* options,
                       const char* key, size_t key_size, quiver_value** value,
                       quiver_error** error) {
  return Call(error, {{database, "database"}, {key, key_size, "key"}, {value, "value"}},
              [&]() -> quiver::Result<void> {
                auto found = database->database->Get(Bytes(key, key_size), OptionsOf(options));
                if (!found) return found.error();
                *value = *found ? new quiver_value{std::move(**found)} : nullptr;
                return {};
              });
}

const char* quiver_value_data(const quiver_value* value, size_t* size) {
  if (size != nullptr) *size = value == nullptr ? 0 : value->value.size();
  return value == nullptr ? nullptr : value->value.view().data();
}

void quiver_value_destroy(quiver_value* value) {
  delete value;
}

quiver_code quiver_get_into(const quiver_database* database, const quiver_read_options* options,
                            const char* key, size_t key_size, char* buffer, size_t capacity,
                            size_t* value_size, bool* found, quiver_error** error) {
  return Call(error,
              {{database, "database"},
               {key, key_size, "key"},
               {buffer, capacity, "buffer"},
               {value_size, "value_size"},
               {found, "found"}},
              [&]() -> quiver::Result<void> {
                const auto value =
                    database->database->Get(Bytes(key, key_size), OptionsOf(options));
                if (!value) return value.error();
                *found = value->has_value();
                const std::string_view bytes = *found ? (*value)->view() : std::string_view();
                *value_size = bytes.size();
                if (bytes.size() <= capacity) std::copy(bytes.begin(), bytes.end(), buffer);
                return {};
              });
}

quiver_code quiver_get_expiry(const quiver_database* database, const quiver_read_options* options,
                              const char* key, size_t key_size, uint64_t* expiry_us, bool* found,
                              quiver_error** error) {
  return Call(
      error,
      {{database, "database"}, {key, key_size, "key"}, {expiry_us, "expiry_us"}, {found, "found"}},
      [&]() -> quiver::Result<void> {
        const auto expiry = database->database->GetExpiry(Bytes(key, key_size), OptionsOf(options));
        if (!expiry) return expiry.error();
        *found = expiry->has_value();
        *expiry_us = expiry->value_or(0);
        return {};
      });
}

quiver_code quiver_multi_get(const quiver_database* database, const quiver_read_options* options,
                             const char* keys, const uint64_t* key_offsets, size_t count,
                             quiver_values** values, quiver_error** error) {
  return Call(error, {{database, "database"}, {values, "values"}}, [&]() -> quiver::Result<void> {
    std::vector<std::string_view> views;
    if (count > 0) {
      if (auto given = quiver::c::Check({{key_offsets, "key_offsets"}}); !given) return given;
      if (!std::is_sorted(key_offsets, key_offsets + count + 1)) {
        return quiver::Error(quiver::ErrorCode::kInvalidArgument, "key_offsets must not fall");
      }
      auto given = quiver::c::Check({{keys, key_offsets[count] - key_offsets[0], "keys"}});
      if (!given) return given;
      views.reserve(count);
      for (size_t i = 0; i < count; ++i) {
        views.push_back(Bytes(keys + key_offsets[i], key_offsets[i + 1] - key_offsets[i]));
      }
    }
    return GiveHandle(database->database->MultiGet(views, OptionsOf(options)), values);
  });
}

size_t quiver_values_count(const quiver_values* values) {
  return values == nullptr ? 0 : values->values.size();
}

bool quiver_values_at(const quiver_values* values, size_t index, const char** data, size_t* size) {
  const bool found = index < quiver_values_count(values) && values->values[index].has_value();
  const std::string_view bytes = found ? values->values[index]->view() : std::string_view();
  if (data != nullptr) *data = bytes.data();
  if (size != nullptr) *size = bytes.size();
  return found;
}

void quiver_values_destroy(quiver_values* values) {
  delete values;
}

quiver_code quiver_snapshot_create(const quiver_database* database, quiver_snapshot** snapshot,
                                   quiver_error** error) {
  return Call(error, {{database, "database"}, {snapshot, "snapshot"}},
              [&] { return GiveHandle(database->database->NewSnapshot(), snapshot); });
}

uint64_t quiver_snapshot_sequence(const quiver_snapshot* snapshot) {
  return snapshot == nullptr ? 0 : snapshot->snapshot.sequence();
}

void quiver_snapshot_destroy(quiver_snapshot* snapshot) {
  delete snapshot;
}
