// A shared library for tests and benchmarks in Python: just enough of Quiver, as C functions, to
// make a database, stream it through the Arrow C interface and iterate over it. Not installed.
//
// Every function that can fail returns 0 or leaves its message in quiver_test_error().
//
// Thread safety: one thread at a time, but that streams may be read by others.
#include <cstdint>
#include <memory>
#include <string>

#include "quiver/quiver.h"

namespace {

std::string& LastError() {
  static std::string error;
  return error;
}

int Failed(const quiver::Error& error) {
  LastError() = error.ToString();
  return 1;
}

int Done(const quiver::Result<void>& result) {
  return result ? 0 : Failed(result.error());
}

std::string_view View(const char* bytes, std::size_t size) {
  return {bytes, size};
}

quiver::Database* AsDatabase(void* database) {
  return static_cast<quiver::Database*>(database);
}

}  // namespace

extern "C" {

/// Mirrors ArrowStreamOptions; absent bounds are null.
struct quiver_test_request {
  const char* lower;
  std::size_t lower_bytes;
  const char* upper;
  std::size_t upper_bytes;
  const char* prefix;
  std::size_t prefix_bytes;
  void* snapshot;
  std::uint64_t limit;
  std::uint32_t batch_rows;
  bool with_key;
  bool with_value;
  bool with_sequence;
  bool fill_cache;
};

using quiver_test_row = void (*)(const char* key, std::size_t key_bytes, const char* value,
                                 std::size_t value_bytes);

const char* quiver_test_error() {
  return LastError().c_str();
}

/// `settings` alternates names and values and ends with null.
void* quiver_test_open(const char* directory, const char* const* settings) {
  quiver::DatabaseConfig config = quiver::Balanced();
  for (; *settings != nullptr; settings += 2) {
    if (Done(quiver::SetSetting(config, settings[0], settings[1])) != 0) return nullptr;
  }
  auto database = quiver::Database::Open(directory, config);
  if (!database) {
    Failed(database.error());
    return nullptr;
  }
  return database->release();
}
/// Closes, but keeps the object.
int quiver_test_close(void* database) {
  return Done(AsDatabase(database)->Close());
}
void quiver_test_free(void* database) {
  delete AsDatabase(database);
}

int quiver_test_put(void* database, const char* key, std::size_t key_bytes, const char* value,
                    std::size_t value_bytes) {
  return Done(AsDatabase(database)->Put(View(key, key_bytes), View(value, value_bytes)));
}
int quiver_test_delete(void* database, const char* key, std::size_t key_bytes) {
  return Done(AsDatabase(database)->Delete(View(key, key_bytes)));
}
int quiver_test_flush(void* database) {
  return Done(AsDatabase(database)->Flush());
}
int quiver_test_compact(void* database) {
  return Done(AsDatabase(database)->CompactRange());
}

void* quiver_test_snapshot(void* database) {
  auto snapshot = AsDatabase(database)->NewSnapshot();
  if (!snapshot) {
    Failed(snapshot.error());
    return nullptr;
  }
  return new quiver::Snapshot(*std::move(snapshot));
}
void quiver_test_free_snapshot(void* snapshot) {
  delete static_cast<quiver::Snapshot*>(snapshot);
}

int quiver_test_export(void* database, const quiver_test_request* request, ArrowArrayStream* out) {
  quiver::ArrowStreamOptions options;
  if (request->lower != nullptr) options.lower_bound.emplace(request->lower, request->lower_bytes);
  if (request->upper != nullptr) options.upper_bound.emplace(request->upper, request->upper_bytes);
  if (request->prefix != nullptr) options.prefix.assign(request->prefix, request->prefix_bytes);
  options.snapshot = static_cast<const quiver::Snapshot*>(request->snapshot);
  options.limit = request->limit;
  options.batch_rows = request->batch_rows;
  options.with_key = request->with_key;
  options.with_value = request->with_value;
  options.with_sequence = request->with_sequence;
  options.fill_cache = request->fill_cache;
  return Done(AsDatabase(database)->ExportArrowStream(options, out));
}

/// Hands every row of the request's range to `row`, found by an Iterator.
int quiver_test_iterate(void* database, const quiver_test_request* request, quiver_test_row row) {
  quiver::IteratorOptions options;
  if (request->lower != nullptr) options.lower_bound.emplace(request->lower, request->lower_bytes);
  if (request->upper != nullptr) options.upper_bound.emplace(request->upper, request->upper_bytes);
  if (request->prefix != nullptr) options.prefix.assign(request->prefix, request->prefix_bytes);
  options.snapshot = static_cast<const quiver::Snapshot*>(request->snapshot);
  auto iterator = AsDatabase(database)->NewIterator(options);
  if (!iterator) return Failed(iterator.error());
  for (iterator->SeekToFirst(); iterator->Valid(); iterator->Next()) {
    row(iterator->key().data(), iterator->key().size(), iterator->value().data(),
        iterator->value().size());
  }
  return Done(iterator->status());
}

}  // extern "C"
