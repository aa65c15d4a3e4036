// The few Arrow types that Quiver writes and reads, as plain values. No Apache or flatbuffers
// header shows here: this floor alone sees them, in its sources.
//
// Source: the Apache Arrow columnar format, "IPC file format", metadata version V5.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace quiver::arrow_ipc {

enum class ColumnType : std::uint8_t {
  kBinary,           ///< validity, int32 offsets, data
  kLargeBinary,      ///< validity, int64 offsets, data (read only)
  kUtf8,             ///< as kBinary (read only)
  kLargeUtf8,        ///< as kLargeBinary (read only)
  kBinaryView,       ///< validity, views of 16 bytes, any number of data buffers (read only)
  kUtf8View,         ///< as kBinaryView (read only)
  kFixedSizeBinary,  ///< validity, data
  kUInt64,           ///< validity, data
  kUInt8,            ///< validity, data
  kInt64,            ///< validity, data (read only)
  kTimestamp,        ///< as kInt64, in ticks since 1970 (read only)
  kOther,            ///< any other type of a foreign file: its column cannot be read
};

struct Column {
  std::string name;
  ColumnType type = ColumnType::kBinary;
  std::uint32_t width_bytes = 0;  ///< of kFixedSizeBinary
  bool nullable = false;
  std::uint32_t tick_ns = 0;  ///< of kTimestamp: 1, 1000, 1,000,000 or 1,000,000,000

  bool operator==(const Column&) const = default;
};

struct Schema {
  std::vector<Column> columns;
  std::vector<std::pair<std::string, std::string>> metadata;  ///< static: same in every file

  bool operator==(const Schema&) const = default;
};

/// Buffers that a column has in a record batch: 3 for the variable types, else 2. The data buffers
/// of a view do not count: each batch says how many there are.
std::uint32_t BufferCount(ColumnType type) noexcept;

}  // namespace quiver::arrow_ipc
