#include "sstable/table_reader.h"

#include <utility>

#include "base/escape.h"
#include "base/try.h"
#include "sstable/table_iterator.h"

namespace quiver {

namespace {

BlockGeometry GeometryOf(const TableParts& parts) {
  BlockGeometry geometry;
  geometry.file = parts.file->name();
  geometry.identity = parts.identity;
  geometry.message_bytes = parts.trailer.message_bytes;
  geometry.rows_offset = parts.trailer.rows_offset;
  geometry.body_bytes_offset = parts.trailer.body_bytes_offset;
  geometry.buffers_offset = parts.trailer.buffers_offset;
  geometry.schema = parts.schema();
  geometry.compression = static_cast<CompressionKind>(parts.trailer.compression);
  return geometry;
}

}  // namespace

Result<std::shared_ptr<const Table>> Table::Open(const TableContext& context,
                                                 const TableSummary& expected) {
  QUIVER_ASSIGN_OR_RETURN(std::shared_ptr<const Table> table,
                          TableReader::OpenReader(context, expected));
  return table;
}

Result<std::shared_ptr<const TableReader>> TableReader::OpenReader(const TableContext& context,
                                                                   const TableSummary& expected) {
  const auto arena = context.cache == nullptr ? nullptr : context.cache->pinned_arena();
  QUIVER_ASSIGN_OR_RETURN(TableParts parts, ReadTableParts(context, expected, arena));
  return std::make_shared<const TableReader>(context, std::move(parts));
}

TableReader::TableReader(const TableContext& context, TableParts parts)
    : context_(context),
      parts_(std::move(parts)),
      geometry_(GeometryOf(parts_)),
      summary_(parts_.Summary()),
      fences_(parts_.separators),
      slots_(context.cache == nullptr ? nullptr
                                      : context.cache->NewTableSlots(parts_.blocks.size())) {
  hash_offset_ = sizeof(CachedBlock);
  if (geometry_.compression == CompressionKind::kNone) {
    hash_offset_ += geometry_.message_bytes + sizeof(BlockHeader);
  }
  pinned_bytes_ = parts_.memory.bytes().size() + fences_.memory_bytes() +
                  parts_.properties.smallest_key.size() + parts_.properties.largest_key.size();
  if (slots_ != nullptr) {
    for (std::size_t i = 0; i < parts_.blocks.size(); ++i) {
      slots_->slot(i).rows = parts_.blocks[i].rows;
    }
    pinned_bytes_ += slots_->memory_bytes();
  }
  ChargeLedger(static_cast<std::int64_t>(pinned_bytes_));
}

TableReader::~TableReader() {
  ChargeLedger(-static_cast<std::int64_t>(pinned_bytes_));
}

void TableReader::ChargeLedger(std::int64_t delta_bytes) const {
  if (slots_ != nullptr) {
    slots_->ChargeTable(context_.ledger, delta_bytes);
  } else if (context_.ledger != nullptr) {
    context_.ledger->Charge(MemoryOwner::kTables, delta_bytes);
  }
}

std::unique_ptr<InternalIterator> TableReader::NewIterator(const TableReadOptions& options) const {
  return NewTableIterator(std::static_pointer_cast<const TableReader>(shared_from_this()), options);
}

Table::BlockInfo TableReader::block_info(std::uint64_t block) const {
  const BlockEntry& described = entry(block);
  return {described.offset, described.stored_bytes, described.rows};
}

std::string TableReader::Describe() const {
  const PropertiesHeader& numbers = parts_.properties.numbers;
  std::string text;
  const auto line = [&text](std::string_view name, const std::string& value) {
    text.append(name).append(": ").append(value).push_back('\n');
  };
  const auto number = [&line](std::string_view name, std::uint64_t value) {
    line(name, std::to_string(value));
  };
  number("table", summary_.number);
  line("database",
       DatabaseId{parts_.trailer.database_id_high, parts_.trailer.database_id_low}.ToString());
  number("keyspace", keyspace());
  number("format version", parts_.trailer.version);
  number("size bytes", summary_.size_bytes);
  number("entries", summary_.entry_count);
  number("deletes", summary_.delete_count);
  number("keys", numbers.key_count);
  number("key bytes", numbers.key_bytes);
  number("value bytes", numbers.value_bytes);
  number("key width bytes", geometry_.schema.key_width_bytes);
  number("value width bytes", geometry_.schema.value_width_bytes);
  line("expiry column", geometry_.schema.has_expiry ? "yes" : "no");
  number("smallest sequence", summary_.smallest_sequence);
  number("largest sequence", summary_.largest_sequence);
  number("earliest expiry us", summary_.expiry_us_min);
  number("latest expiry us", summary_.expiry_us_max);
  number("created s", summary_.created_s);
  line("smallest key", EscapeBytes(summary_.smallest_key));
  line("largest key", EscapeBytes(summary_.largest_key));
  line("compression", std::string(CompressionName(geometry_.compression)));
  line("compression level", std::to_string(numbers.compression_level));
  number("value chunk bytes", parts_.trailer.value_chunk_bytes);
  number("block size bytes", numbers.block_size_bytes);
  number("blocks", block_count());
  number("filter bits per key", numbers.filter_bits_per_key);
  number("filter lines", parts_.filter.line_count());
  for (const SectionEntry& section : parts_.sections) {
    number(std::string(SectionName(section.type)) + " bytes", section.size_bytes);
  }
  for (const std::string& note : notes()) line("note", note);
  return text;
}

}  // namespace quiver
