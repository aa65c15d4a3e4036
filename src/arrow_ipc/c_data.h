// The Arrow C data interface from the producer's side: plain columns in memory become the structs
// of quiver/arrow_stream.h, with the release callbacks that the specification asks for.
//
// Invariants:
//  1. A struct that was handed out stays valid until its release callback is called, whatever
//     becomes of the stream; moving it (a copy of its bytes) is allowed, and so is moving the
//     children out of a batch or a schema and releasing them later.
//  2. After its release callback a struct has a null `release`; a second release must not be made
//     and, made through the struct, is impossible.
//  3. What a batch points to lives as long as the batch and its children: they share `owner`.
//
// Thread safety: a stream one thread at a time; batches and schemas may be released by any thread.
//
// Source: https://arrow.apache.org/docs/format/CDataInterface.html, CStreamInterface.html.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "arrow_ipc/arrow_schema.h"
#include "quiver/arrow_stream.h"
#include "quiver/error.h"

namespace quiver::arrow_ipc {

/// A column of a batch, without nulls. kBinary has offsets and data, kUInt64 only data.
struct CDataColumn {
  const std::int32_t* offsets = nullptr;  ///< rows + 1 of them, from first_row on
  const void* data = nullptr;
  std::int64_t first_row = 0;  ///< rows that `offsets` and `data` hold before the column's first
};

inline constexpr std::size_t kCDataColumnsMax = 4;

struct CDataBatch {
  std::int64_t rows = 0;  ///< 0: the end of the stream
  std::array<CDataColumn, kCDataColumnsMax> columns;
  std::shared_ptr<const void> owner;
};

/// Where a stream takes its batches from.
class CDataSource {
 public:
  virtual ~CDataSource() = default;
  /// Columns of kBinary and kUInt64; the same at any time. At most kCDataColumnsMax.
  virtual const Schema& schema() const = 0;
  /// The next batch. Not called again after an end or an error.
  virtual Result<CDataBatch> Next() = 0;
  /// An error that holds from now on, whatever was read before.
  virtual Result<void> CheckUsable() const = 0;
};

/// Makes `out` a stream over `source`. Its callbacks return errno values; get_last_error then
/// gives the whole message until the next call.
void ExportStream(std::unique_ptr<CDataSource> source, ArrowArrayStream* out);

/// Makes `out` a schema: a struct with one child a column.
void ExportSchema(const Schema& schema, ArrowSchema* out);

/// Makes `out` a batch of `schema`: a struct array with one child a column.
void ExportBatch(const Schema& schema, CDataBatch batch, ArrowArray* out);

}  // namespace quiver::arrow_ipc
