// ReadRanges: the key ranges that an iterator of a serializable transaction has passed over.
//
// One range a seek, which grows as the iterator moves. Whoever validates refuses the transaction if
// any key inside was written, whether it was there or not: that keeps phantoms out.
//
// Thread safety: one thread at a time.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace quiver {

/// The keys [begin, end); without an end all from `begin` on. Empty if end <= begin.
struct ReadRange {
  std::string begin;
  std::optional<std::string> end;
};

/// The smallest key above `key`: [key, KeyBehind(key)) is that key alone.
inline std::string KeyBehind(std::string_view key) {
  std::string behind(key);
  behind.push_back('\0');
  return behind;
}

class ReadRanges {
 public:
  /// A seek to `key`, forwards.
  void StartAt(std::string_view key) { ranges_.push_back({std::string(key), std::string(key)}); }
  /// A seek to the last key before `end`, backwards, that looked at everything down to `key`.
  void StartBefore(const std::optional<std::string>& end, std::string_view key) {
    ranges_.push_back({std::string(key), end});
  }
  /// Everything up to `key` was looked at; without a key, up to `bound`, if there is one.
  void ReachForward(std::optional<std::string_view> key, const std::optional<std::string>& bound) {
    std::optional<std::string>& end = ranges_.back().end;
    if (!end) return;
    if (key) {
      if (*key < *end) return;
      end->assign(*key);
      end->push_back('\0');
    } else if (bound) {
      end = std::max(*end, *bound);
    } else {
      end.reset();
    }
  }
  /// Everything down to `key` was looked at.
  void ReachBackward(std::string_view key) {
    if (key < ranges_.back().begin) ranges_.back().begin.assign(key);
  }
  const std::vector<ReadRange>& ranges() const noexcept { return ranges_; }

 private:
  std::vector<ReadRange> ranges_;
};

}  // namespace quiver
