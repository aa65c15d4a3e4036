// ColumnBuffer: a growing array of bytes for one Arrow buffer: aligned to 64, as Arrow recommends,
// and never filled with zeros first, as a std::string would.
//
// Thread safety: a value of one owner.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "base/check.h"
#include "base/coding.h"

namespace quiver {

class ColumnBuffer {
 public:
  const std::byte* data() const noexcept { return memory_.get(); }
  std::size_t size_bytes() const noexcept { return size_; }
  std::size_t capacity_bytes() const noexcept { return capacity_; }

  void Clear() noexcept { size_ = 0; }

  /// Makes room for `bytes` in all.
  void Reserve(std::size_t bytes) {
    if (bytes > capacity_) Grow(bytes);
  }
  /// Makes the buffer `bytes` longer and returns the new part, which the caller fills.
  std::byte* Extend(std::size_t bytes) {
    if (bytes > capacity_ - size_) [[unlikely]]
      Grow(size_ + bytes);
    std::byte* const added = memory_.get() + size_;
    size_ += bytes;
    return added;
  }
  void Append(const void* bytes, std::size_t count) {
    std::byte* const added = Extend(count);
    if (count != 0) std::memcpy(added, bytes, count);
  }

 private:
  static constexpr std::size_t kAlignment = 64;
  static constexpr std::size_t kFirstBytes = 4096;

  void Grow(std::size_t wanted) {
    const std::size_t doubled = size_ == 0 ? 0 : 2 * capacity_;
    const std::size_t capacity = AlignUp(std::max({wanted, doubled, kFirstBytes}), kAlignment);
    auto* const grown = static_cast<std::byte*>(std::aligned_alloc(kAlignment, capacity));
    QUIVER_CHECK(grown != nullptr);
    if (size_ != 0) std::memcpy(grown, memory_.get(), size_);
    memory_.reset(grown);
    capacity_ = capacity;
  }

  struct Free {
    void operator()(std::byte* memory) const noexcept { std::free(memory); }
  };
  std::unique_ptr<std::byte, Free> memory_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace quiver
