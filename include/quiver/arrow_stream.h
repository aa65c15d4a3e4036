// The Arrow stream: a consistent range of a database as record batches, handed over through the
// Arrow C data interface, so that pyarrow, Polars, pandas, DuckDB and any other Arrow reader of
// the same process take the rows without a format between.
//
//   ArrowArrayStream stream;
//   if (auto made = db->ExportArrowStream({.prefix = "user/"}, &stream); !made) return Fail(made);
//   ArrowArray batch;
//   while (stream.get_next(&stream, &batch) == 0 && batch.release != nullptr) {
//     …                                            // batch.length rows, one child a column
//     batch.release(&batch);
//   }
//   stream.release(&stream);
//
// Lifetime: a stream may outlive its Database, as an Iterator may: after Close() its get_next
// fails with a message, and it still has to be released. A batch stays valid until it is released,
// whatever becomes of stream and database. docs/arrow_stream.md has the schema and the rest.
//
// Thread safety: a stream belongs to one thread at a time; a batch may be read and released by any.
//
// Source: https://arrow.apache.org/docs/format/CDataInterface.html and CStreamInterface.html, which
// ask every producer to repeat these definitions under the same guards.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "quiver/iterator.h"

extern "C" {

#ifndef ARROW_C_DATA_INTERFACE
#define ARROW_C_DATA_INTERFACE

#define ARROW_FLAG_DICTIONARY_ORDERED 1
#define ARROW_FLAG_NULLABLE 2
#define ARROW_FLAG_MAP_KEYS_SORTED 4

struct ArrowSchema {
  // Array type description
  const char* format;
  const char* name;
  const char* metadata;
  int64_t flags;
  int64_t n_children;
  struct ArrowSchema** children;
  struct ArrowSchema* dictionary;

  // Release callback
  void (*release)(struct ArrowSchema*);
  // Opaque producer-specific data
  void* private_data;
};

struct ArrowArray {
  // Array data description
  int64_t length;
  int64_t null_count;
  int64_t offset;
  int64_t n_buffers;
  int64_t n_children;
  const void** buffers;
  struct ArrowArray** children;
  struct ArrowArray* dictionary;

  // Release callback
  void (*release)(struct ArrowArray*);
  // Opaque producer-specific data
  void* private_data;
};

#endif  // ARROW_C_DATA_INTERFACE

#ifndef ARROW_C_STREAM_INTERFACE
#define ARROW_C_STREAM_INTERFACE

struct ArrowArrayStream {
  // Callbacks providing stream functionality
  int (*get_schema)(struct ArrowArrayStream*, struct ArrowSchema* out);
  int (*get_next)(struct ArrowArrayStream*, struct ArrowArray* out);
  const char* (*get_last_error)(struct ArrowArrayStream*);

  // Release callback
  void (*release)(struct ArrowArrayStream*);

  // Opaque producer-specific data
  void* private_data;
};

#endif  // ARROW_C_STREAM_INTERFACE

}  // extern "C"

namespace quiver {

/// What a stream covers and shows. Bounds are bytewise; the prefix narrows them further.
struct ArrowStreamOptions {
  const Keyspace* keyspace = nullptr;      ///< nullptr: the default one
  std::optional<std::string> lower_bound;  ///< first key, inclusive
  std::optional<std::string> upper_bound;  ///< end, exclusive
  std::string prefix;                      ///< only keys that start so
  const Snapshot* snapshot = nullptr;      ///< nullptr: the state when the stream is made
  std::uint64_t limit = 0;                 ///< rows at most; 0: all
  bool with_key = true;                    ///< column "key": binary
  bool with_value = true;                  ///< column "value": binary
  bool with_sequence = false;              ///< column "sequence": uint64, of the write shown
  /// Rows of a batch; the last may have fewer, and one that would pass 256 MiB ends before.
  /// 0: the engine chooses.
  std::uint32_t batch_rows = 0;
  bool fill_cache = true;  ///< false for one-off scans of cold data
};

}  // namespace quiver
