// The handles behind the C API, and how a C function turns into a call of the C++ API.
//
// A handle is a struct around one C++ object; what keeps the object's memory alive is the object's
// own business, so handles may be destroyed in any order.
//
// Thread safety: that of the C++ objects (quiver/database.h, quiver/iterator.h).
#pragma once

#include <cstdlib>
#include <cstring>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "quiver/c.h"
#include "quiver/c_admin.h"
#include "quiver/c_copies.h"
#include "quiver/c_follower.h"
#include "quiver/c_ingest.h"
#include "quiver/c_keyspace.h"
#include "quiver/c_merge.h"
#include "quiver/c_transaction.h"
#include "quiver/quiver.h"

struct quiver_error {
  quiver::Error error;
  std::string text;
};
struct quiver_config {
  quiver::DatabaseConfig config;
};
struct quiver_database {
  std::shared_ptr<quiver::Database> database;  ///< shared with the follower that it is of, if any
};
struct quiver_follower {
  std::unique_ptr<quiver::Follower> follower;
};
struct quiver_keyspace {
  quiver::Keyspace keyspace;
};
struct quiver_keyspaces {
  std::vector<quiver_keyspace> keyspaces;
};
struct quiver_merge_operator {
  std::shared_ptr<const quiver::MergeOperator> merge_operator;
};
struct quiver_snapshot {
  quiver::Snapshot snapshot;
};
struct quiver_batch {
  quiver::WriteBatch batch;
};
struct quiver_value {
  quiver::PinnedValue value;
};
struct quiver_values {
  std::vector<std::optional<quiver::PinnedValue>> values;
};
struct quiver_write_options {
  quiver::WriteOptions options;  ///< its keyspace is set when it is used
  std::optional<quiver::Keyspace> keyspace;
};
struct quiver_entry_options {
  std::optional<quiver::Keyspace> keyspace;
  std::uint64_t expiry_us = 0;
};
struct quiver_read_options {
  std::optional<quiver::Keyspace> keyspace;
  std::optional<quiver::Snapshot> snapshot;
  bool fill_cache = true;
};
struct quiver_iterator_options {
  quiver::IteratorOptions options;  ///< its keyspace and snapshot are set when it is used
  std::optional<quiver::Keyspace> keyspace;
  std::optional<quiver::Snapshot> snapshot;
};
struct quiver_arrow_options {
  quiver::ArrowStreamOptions options;  ///< its keyspace and snapshot are set when it is used
  std::optional<quiver::Keyspace> keyspace;
  std::optional<quiver::Snapshot> snapshot;
};
struct quiver_dataset_options {
  quiver::DatasetOptions options;  ///< its keyspace is set when it is used
  std::optional<quiver::Keyspace> keyspace;
};
struct quiver_ingest_options {
  quiver::IngestOptions options;  ///< its keyspace is set when it is used
  std::optional<quiver::Keyspace> keyspace;
};
struct quiver_iterator {
  quiver::Iterator iterator;
  std::optional<quiver::Error> seek_error;  ///< of a seek with arguments that are none
};
struct quiver_transaction {
  quiver::Transaction transaction;
};
struct quiver_report {
  std::vector<std::pair<const char*, std::uint64_t>> numbers = {};
  std::vector<std::pair<const char*, std::vector<std::string>>> lists = {};
  std::vector<std::pair<const char*, std::vector<quiver_report>>> parts = {};
  std::vector<quiver::Damage> damages = {};
  std::string text = {};  ///< for people; of most reports it is made when asked for
};

namespace quiver::c {

/// A pointer that a caller gave: required, or bytes, which may be NULL if there are none.
struct Argument {
  template <typename T>
  Argument(T* required, const char* argument_name)
      : missing(required == nullptr), name(argument_name) {}
  Argument(const char* bytes, std::size_t size, const char* argument_name)
      : missing(bytes == nullptr && size != 0), name(argument_name) {}
  bool missing;
  const char* name;
};

/// kInvalidArgument naming the first argument that is NULL and must not be.
Result<void> Check(std::initializer_list<Argument> arguments);

/// Stores the failure in *error, if the caller wants it, and returns its code.
quiver_code Fail(quiver_error** error, const Error& failure);

/// The frame of every function that can fail: checks the arguments, then runs `body`, which
/// returns a Result<void>. Being noexcept it is also where no exception gets past into C.
template <typename Body>
quiver_code Call(quiver_error** error, std::initializer_list<Argument> arguments,
                 Body&& body) noexcept {
  if (Result<void> checked = Check(arguments); !checked) return Fail(error, checked.error());
  if (Result<void> done = body(); !done) return Fail(error, done.error());
  return QUIVER_OK;
}

/// Makes a handle of a result's value.
template <typename Handle, typename T>
Result<void> GiveHandle(Result<T> result, Handle** out) {
  if (!result) return result.error();
  *out = new Handle{std::move(*result)};
  return {};
}

/// Options share the snapshot, so that its handle may be destroyed before them.
template <typename Options>
quiver_code SetSnapshot(Options* options, const quiver_snapshot* snapshot, quiver_error** error) {
  return Call(error, {{options, "options"}}, [&]() -> Result<void> {
    options->snapshot.reset();
    if (snapshot != nullptr) options->snapshot = snapshot->snapshot;
    return {};
  });
}

/// As SetSnapshot().
template <typename Options>
quiver_code SetKeyspace(Options* options, const quiver_keyspace* keyspace, quiver_error** error) {
  return Call(error, {{options, "options"}}, [&]() -> Result<void> {
    options->keyspace.reset();
    if (keyspace != nullptr) options->keyspace = keyspace->keyspace;
    return {};
  });
}

// What the options of a call are, NULL being the defaults. Keyspace and snapshot are pointed to:
// they are the handle's.
inline WriteOptions OptionsOf(const quiver_write_options* options) {
  if (options == nullptr) return {};
  WriteOptions given = options->options;
  given.keyspace = options->keyspace ? &*options->keyspace : nullptr;
  return given;
}

inline EntryOptions OptionsOf(const quiver_entry_options* options) {
  if (options == nullptr) return {};
  return {.keyspace = options->keyspace ? &*options->keyspace : nullptr,
          .expiry_us = options->expiry_us};
}

inline ReadOptions OptionsOf(const quiver_read_options* options) {
  if (options == nullptr) return {};
  return {.keyspace = options->keyspace ? &*options->keyspace : nullptr,
          .snapshot = options->snapshot ? &*options->snapshot : nullptr,
          .fill_cache = options->fill_cache};
}

/// The options of an iterator or stream.
template <typename Options>
auto OptionsOf(const Options* options) {
  decltype(options->options) given;
  if (options == nullptr) return given;
  given = options->options;
  given.keyspace = options->keyspace ? &*options->keyspace : nullptr;
  given.snapshot = options->snapshot ? &*options->snapshot : nullptr;
  return given;
}

/// Shares the operator of a handle; nothing of NULL.
inline std::shared_ptr<const MergeOperator> OperatorOf(const quiver_merge_operator* handle) {
  return handle == nullptr ? nullptr : handle->merge_operator;
}

/// A list handle of its own of these keyspaces.
inline quiver_keyspaces* MakeList(std::span<const Keyspace> keyspaces) {
  auto list = std::make_unique<quiver_keyspaces>();
  for (const Keyspace& keyspace : keyspaces) list->keyspaces.push_back({keyspace});
  return list.release();
}

/// A copy of text or bytes that quiver_free() frees, with a NUL behind it.
char* CopyText(std::string_view text);

inline std::string_view Bytes(const char* data, std::size_t size) {
  return size == 0 ? std::string_view() : std::string_view(data, size);
}

}  // namespace quiver::c
