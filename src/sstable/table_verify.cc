// Reading a whole table to find damage: everything that a reader relies on is checked, not only the
// checksums.
#include <algorithm>
#include <string>
#include <utility>

#include "base/hash.h"
#include "base/try.h"
#include "io/posix_error.h"
#include "sstable/block_window.h"
#include "sstable/table_reader.h"

namespace quiver {

namespace {

constexpr std::uint64_t kReadBytes = std::uint64_t{1} << 20;

using DamageSink = std::function<void(std::uint64_t offset, const std::string& what)>;

class TableVerifier {
 public:
  TableVerifier(const TableReader& table, const TableContext& context, const DamageSink& sink)
      : table_(table), context_(context), sink_(sink), window_(table) {}

  Result<std::uint64_t> Verify();

 private:
  void Report(const Error& error) {
    sink_(error.offset() == Error::kNoOffset ? 0 : error.offset(), error.message());
  }
  /// Opens the file once more, which verifies everything but the blocks as it is now. An error only
  /// if it may not be opened: that says nothing of the file.
  Result<void> VerifyParts();
  Result<void> VerifyBlock(std::size_t block);
  Result<void> CheckRows(std::size_t block, const BlockHeader& header, const DataBlock& columns);
  Result<void> CheckBorder(std::size_t block, const DataBlock& columns) const;
  void CheckTotals();
  Error Wrong(std::size_t block, std::uint32_t row, const std::string& what) const {
    return Error(ErrorCode::kCorruption, "row " + std::to_string(row) + ": " + what,
                 table_.geometry().file, table_.entry(block).offset);
  }

  const TableReader& table_;
  const TableContext& context_;
  const DamageSink& sink_;
  BlockWindow window_;
  AlignedBuffer decoded_;

  // State behind the blocks read so far; forgotten where a block cannot be read.
  bool follows_ = false;  ///< the block before was read
  bool continues_ = false;
  std::string last_key_;
  SequenceNumber last_sequence_ = 0;

  bool complete_ = true;  ///< no block was damaged
  std::uint64_t rows_ = 0;
  std::uint64_t deletes_ = 0;
  std::uint64_t key_bytes_ = 0;
  std::uint64_t value_bytes_ = 0;
  std::uint64_t keys_ = 0;
  SequenceNumber smallest_sequence_ = kSequenceMax;
  SequenceNumber largest_sequence_ = 0;
};

Result<void> TableVerifier::VerifyParts() {
  auto parts = ReadTableParts(context_, table_.summary(), nullptr);
  if (!parts) {
    if (io::IsRefusedToProcess(parts.error())) return parts.error();
    Report(parts.error());
    return {};
  }
  for (const std::string& note : parts->notes) {
    std::uint64_t offset = 0;
    for (const SectionEntry& section : parts->sections) {
      if (section.type == SectionType::kFilter) offset = section.offset;
    }
    sink_(offset, note);
  }
  return {};
}

Result<void> TableVerifier::CheckRows(std::size_t block, const BlockHeader& header,
                                      const DataBlock& columns) {
  SequenceNumber smallest = kSequenceMax;
  SequenceNumber largest = 0;
  std::uint32_t operations = 0;
  for (std::uint32_t row = 0; row < columns.rows; ++row) {
    const std::string_view key = columns.KeyAt(row);
    const SequenceNumber sequence = columns.SequenceAt(row);
    const Operation operation = columns.OperationAt(row);
    const bool first_row = row == 0 && !follows_;
    const bool same_key = !first_row && key == last_key_;
    if (!first_row && CompareEntry(last_key_, last_sequence_, key, sequence) >= 0) {
      return Wrong(block, row, "it does not come after the row before it");
    }
    if (row == 0 && follows_ && continues_ != same_key) {
      return Wrong(block, row, "the flag for a run of versions is wrong");
    }
    if (!same_key || row == 0) {
      const std::uint64_t hash = HashKey(key);
      if (table_.parts().filter.present() && !table_.parts().filter.MayContain(hash)) {
        return Wrong(block, row, "the filter does not pass its key");
      }
      if (columns.hash != nullptr && columns.FindByHash(key, hash) != row) {
        return Wrong(block, row, "the hash slots do not find its key");
      }
    }
    keys_ += same_key ? 0 : 1;
    deletes_ += operation == Operation::kDelete || operation == Operation::kRangeDelete ? 1 : 0;
    key_bytes_ += key.size();
    value_bytes_ += columns.ValueAt(row).size();
    smallest = std::min(smallest, sequence);
    largest = std::max(largest, sequence);
    operations |= 1U << static_cast<unsigned>(operation);
    last_key_.assign(key);
    last_sequence_ = sequence;
  }
  if (header.min_sequence != smallest || header.max_sequence != largest ||
      header.operations_mask != operations) {
    return Wrong(block, 0, "the block's header does not describe its rows");
  }
  smallest_sequence_ = std::min(smallest_sequence_, smallest);
  largest_sequence_ = std::max(largest_sequence_, largest);
  return {};
}

// The separators around a block must lead a search for each of its new keys here.
Result<void> TableVerifier::CheckBorder(std::size_t block, const DataBlock& columns) const {
  const Separators& separators = table_.parts().separators;
  const std::string_view first = columns.KeyAt(0);
  const std::string_view last = columns.KeyAt(columns.rows - 1);
  const bool continued = follows_ && continues_;
  if (block > 0 && !continued && separators[block - 1] > first) {
    return Wrong(block, 0, "the separator before the block is above its key");
  }
  if (block + 1 < table_.block_count() && separators[block] <= last) {
    return Wrong(block, columns.rows - 1, "the separator behind the block is not above its key");
  }
  return {};
}

Result<void> TableVerifier::VerifyBlock(std::size_t block) {
  QUIVER_ASSIGN_OR_RETURN(const std::span<std::byte> stored,
                          window_.Fetch(block, kReadBytes, ScanDirection::kForward));
  QUIVER_ASSIGN_OR_RETURN(const StoredBlock parsed,
                          StoredBlock::Parse(table_.geometry(), table_.entry(block), stored));
  DataBlock columns;
  if (parsed.compressed()) {
    decoded_.Reset(parsed.decoded_bytes());
    QUIVER_ASSIGN_OR_RETURN(columns, parsed.Decode(decoded_.bytes(), DecodeScope::kAll));
  } else {
    QUIVER_ASSIGN_OR_RETURN(columns, parsed.View());
  }
  // A block behind an unreadable one may begin with the rest of a run.
  if (follows_ || block == 0) QUIVER_TRY(CheckBorder(block, columns));
  QUIVER_TRY(CheckRows(block, parsed.header(), columns));
  continues_ = columns.Has(kKeyRunContinues);
  follows_ = true;
  rows_ += columns.rows;
  return {};
}

void TableVerifier::CheckTotals() {
  const TableSummary& summary = table_.summary();
  const PropertiesHeader& numbers = table_.parts().properties.numbers;
  const bool agree = rows_ == summary.entry_count && deletes_ == summary.delete_count &&
                     key_bytes_ == numbers.key_bytes && value_bytes_ == numbers.value_bytes &&
                     keys_ == numbers.key_count &&
                     smallest_sequence_ == summary.smallest_sequence &&
                     largest_sequence_ == summary.largest_sequence &&
                     last_key_ == summary.largest_key && !continues_;
  if (!agree) sink_(table_.parts().trailer_offset, "the properties do not describe the rows");
}

Result<std::uint64_t> TableVerifier::Verify() {
  QUIVER_TRY(VerifyParts());
  for (std::size_t block = 0; block < table_.block_count(); ++block) {
    if (auto verified = VerifyBlock(block); !verified) {
      Report(verified.error());
      complete_ = false;
      follows_ = false;
    }
  }
  if (complete_) CheckTotals();
  return rows_;
}

}  // namespace

Result<std::uint64_t> TableReader::VerifyAll(
    const std::function<void(std::uint64_t offset, const std::string& what)>& sink) const {
  return TableVerifier(*this, context_, sink).Verify();
}

Result<void> TableReader::VerifyBlockChecksums() const {
  BlockWindow window(*this);
  for (std::size_t block = 0; block < block_count(); ++block) {
    QUIVER_ASSIGN_OR_RETURN(const std::span<std::byte> stored,
                            window.Fetch(block, kReadBytes, ScanDirection::kForward));
    QUIVER_TRY(StoredBlock::VerifyChecksum(geometry_, entry(block), stored));
  }
  return {};
}

}  // namespace quiver
