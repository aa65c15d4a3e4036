#include "arrow_ipc/arrow_schema.h"

namespace quiver::arrow_ipc {

std::uint32_t BufferCount(ColumnType type) noexcept {
  switch (type) {
    case ColumnType::kBinary:
    case ColumnType::kLargeBinary:
    case ColumnType::kUtf8:
    case ColumnType::kLargeUtf8: return 3;
    case ColumnType::kBinaryView:
    case ColumnType::kUtf8View:
    case ColumnType::kFixedSizeBinary:
    case ColumnType::kUInt64:
    case ColumnType::kUInt8:
    case ColumnType::kInt64:
    case ColumnType::kTimestamp:
    case ColumnType::kOther: return 2;
  }
  return 2;
}

}  // namespace quiver::arrow_ipc
