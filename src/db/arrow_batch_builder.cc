#include "db/arrow_batch_builder.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/mutex.h"

namespace quiver {

// A column of binary: offsets (rows + 1 of them) and data.
struct ArrowBatchBuilder::BinaryColumn {
  ColumnBuffer offsets;
  ColumnBuffer data;

  void Clear() {
    data.Clear();
    offsets.Clear();
    AppendOffset();
  }
  void AppendOffset() {
    const auto end = static_cast<std::int32_t>(data.size_bytes());
    offsets.Append(&end, sizeof end);
  }
  void Add(std::string_view bytes) {
    data.Append(bytes.data(), bytes.size());
    AppendOffset();
  }
  // `rows` rows of `source`, whose first lies at source_offsets[0] or, without offsets, at 0.
  void AddMany(const char* source, const std::uint32_t* source_offsets, std::uint32_t width,
               std::uint32_t rows) {
    const auto base = static_cast<std::uint32_t>(data.size_bytes());
    auto* const ends = reinterpret_cast<std::uint32_t*>(offsets.Extend(rows * sizeof base));
    if (source_offsets == nullptr) {
      for (std::uint32_t row = 0; row < rows; ++row) ends[row] = base + (row + 1) * width;
      data.Append(source, std::size_t{rows} * width);
    } else {
      const std::uint32_t first = source_offsets[0];
      for (std::uint32_t row = 0; row < rows; ++row) {
        ends[row] = base + (source_offsets[row + 1] - first);
      }
      data.Append(source + first, source_offsets[rows] - first);
    }
  }
  arrow_ipc::CDataColumn View() const noexcept {
    return {.offsets = reinterpret_cast<const std::int32_t*>(offsets.data()),
            .data = data.data(),
            .first_row = 0};
  }
  void Reserve(const BinaryColumn& like) {
    // Batches differ a little in size.
    const auto some_more = [](std::size_t bytes) { return bytes + bytes / 8; };
    offsets.Reserve(some_more(like.offsets.size_bytes()));
    data.Reserve(some_more(like.data.size_bytes()));
  }
  std::size_t capacity_bytes() const noexcept {
    return offsets.capacity_bytes() + data.capacity_bytes();
  }
};

struct ArrowBatchBuilder::Memory {
  BinaryColumn keys;
  BinaryColumn values;
  ColumnBuffer sequences;

  void Clear() {
    keys.Clear();
    values.Clear();
    sequences.Clear();
  }
  // Growing step by step would copy a batch once more.
  void Reserve(const Memory* like) {
    if (like == nullptr || like->capacity_bytes() > kReservedBytesMax) return;
    keys.Reserve(like->keys);
    values.Reserve(like->values);
    sequences.Reserve(like->sequences.size_bytes());
  }
  static constexpr std::size_t kReservedBytesMax = std::size_t{8} << 20;
  std::size_t capacity_bytes() const noexcept {
    return keys.capacity_bytes() + values.capacity_bytes() + sequences.capacity_bytes();
  }
};

// Memory of released batches, for the next ones. Batches share it, so it may outlive the builder.
class ArrowBatchBuilder::Pool {
 public:
  /// Empty memory; if it has to be made, with room for what `like` holds, which may be null.
  std::unique_ptr<Memory> Take(const Memory* like) {
    std::unique_ptr<Memory> memory;
    {
      MutexLock lock(mutex_);
      if (!free_.empty()) {
        memory = std::move(free_.back());
        free_.pop_back();
      }
    }
    if (memory == nullptr) {
      memory = std::make_unique<Memory>();
      memory->Reserve(like);
    }
    memory->Clear();
    return memory;
  }
  /// Keeps a few batches of the usual size; the rest is freed.
  void Give(std::unique_ptr<Memory> memory) {
    if (memory->capacity_bytes() > kKeptBytesMax) return;
    MutexLock lock(mutex_);
    if (!closed_ && free_.size() < kKeptMax) free_.push_back(std::move(memory));
  }
  /// The builder is gone: nobody will take any more.
  void Close() {
    std::vector<std::unique_ptr<Memory>> unused;
    MutexLock lock(mutex_);
    closed_ = true;
    unused.swap(free_);
  }

 private:
  static constexpr std::size_t kKeptMax = 4;
  static constexpr std::size_t kKeptBytesMax = std::size_t{16} << 20;
  Mutex mutex_;
  bool closed_ GUARDED_BY(mutex_) = false;
  std::vector<std::unique_ptr<Memory>> free_ GUARDED_BY(mutex_);
};

ArrowBatchBuilder::ArrowBatchBuilder(const ArrowProjection& projection)
    : projection_(projection), pool_(std::make_shared<Pool>()), memory_(pool_->Take(nullptr)) {}

ArrowBatchBuilder::~ArrowBatchBuilder() {
  pool_->Close();
}

std::uint64_t ArrowBatchBuilder::data_bytes() const noexcept {
  return memory_->keys.data.size_bytes() + memory_->values.data.size_bytes();
}

void ArrowBatchBuilder::AddRow(std::string_view key, std::string_view value,
                               SequenceNumber sequence) {
  if (projection_.key) memory_->keys.Add(key);
  if (projection_.value) memory_->values.Add(value);
  if (projection_.sequence) memory_->sequences.Append(&sequence, sizeof sequence);
  ++rows_;
}

void ArrowBatchBuilder::AddRows(const EntrySpan& span, std::uint32_t rows) {
  const EntryColumns& from = *span.columns;
  const auto add = [&](BinaryColumn& column, const char* data, const std::uint32_t* offsets,
                       std::uint32_t width) {
    if (offsets != nullptr) {
      column.AddMany(data, offsets + span.begin, 0, rows);
    } else {
      column.AddMany(data + std::size_t{span.begin} * width, nullptr, width, rows);
    }
  };
  if (projection_.key) add(memory_->keys, from.keys, from.key_offsets, from.key_width);
  if (projection_.value) add(memory_->values, from.values, from.value_offsets, from.value_width);
  if (projection_.sequence) {
    const std::size_t bytes = rows * sizeof(SequenceNumber);
    if (from.sequences != nullptr) {
      memory_->sequences.Append(from.sequences + span.begin, bytes);
    } else {
      std::fill_n(reinterpret_cast<SequenceNumber*>(memory_->sequences.Extend(bytes)), rows,
                  from.max_sequence);
    }
  }
  rows_ += rows;
}

arrow_ipc::CDataBatch ArrowBatchBuilder::Finish() {
  arrow_ipc::CDataBatch batch;
  batch.rows = static_cast<std::int64_t>(std::exchange(rows_, 0));
  if (batch.rows == 0) return batch;
  std::size_t column = 0;
  if (projection_.key) batch.columns[column++] = memory_->keys.View();
  if (projection_.value) batch.columns[column++] = memory_->values.View();
  if (projection_.sequence) batch.columns[column++].data = memory_->sequences.data();
  std::unique_ptr<Memory> next = pool_->Take(memory_.get());
  batch.owner = std::shared_ptr<const void>(memory_.release(), [pool = pool_](const void* memory) {
    pool->Give(std::unique_ptr<Memory>(static_cast<Memory*>(const_cast<void*>(memory))));
  });
  memory_ = std::move(next);
  return batch;
}

}  // namespace quiver
