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
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "quiver/arrow_c_data.h"
#include "quiver/iterator.h"

namespace quiver {

/// What a stream covers and shows. Bounds are bytewise; the prefix narrows them further.
struct ArrowStreamOptions {
  const Keyspace* keyspace = nullptr;           ///< nullptr: the default one
  std::optional<std::string> lower_bound = {};  ///< first key, inclusive
  std::optional<std::string> upper_bound = {};  ///< end, exclusive
  std::string prefix = {};                      ///< only keys that start so
  const Snapshot* snapshot = nullptr;           ///< nullptr: the state when the stream is made
  std::uint64_t limit = 0;                      ///< rows at most; 0: all
  bool with_key = true;                         ///< column "key": binary
  bool with_value = true;                       ///< column "value": binary
  bool with_sequence = false;                   ///< column "sequence": uint64, of the write shown
  /// Rows of a batch; the last may have fewer, and one that would pass 256 MiB ends before.
  /// 0: the engine chooses.
  std::uint32_t batch_rows = 0;
  bool fill_cache = true;  ///< false for one-off scans of cold data
};

}  // namespace quiver
