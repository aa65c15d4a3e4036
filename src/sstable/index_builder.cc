#include "sstable/index_builder.h"

#include <algorithm>

#include "base/check.h"
#include "base/coding.h"

namespace quiver {

std::string_view ShortestSeparator(std::string_view last, std::string_view next) noexcept {
  // A prefix of `next` that `last` does not start with; anything shorter is a prefix of both and
  // so not above `last`.
  const auto differs = std::mismatch(last.begin(), last.end(), next.begin(), next.end());
  return next.substr(0, static_cast<std::size_t>(differs.second - next.begin()) + 1);
}

void IndexBuilder::AddSeparator(std::string_view last_key, std::string_view next_key) {
  if (last_key == next_key) {
    bytes_.append(last_key);
    bytes_.push_back('\0');
  } else {
    bytes_.append(ShortestSeparator(last_key, next_key));
  }
  QUIVER_CHECK(bytes_.size() <= ~std::uint32_t{0});
  offsets_.push_back(static_cast<std::uint32_t>(bytes_.size()));
}

std::uint64_t IndexBuilder::EstimatedBytes() const noexcept {
  return entries_.size() * sizeof(BlockEntry) + offsets_.size() * sizeof(std::uint32_t) +
         AlignUp(bytes_.size(), 8);
}

std::string IndexBuilder::EncodeIndex() const {
  return std::string(reinterpret_cast<const char*>(entries_.data()),
                     entries_.size() * sizeof(BlockEntry));
}

std::string IndexBuilder::EncodeSeparators() const {
  std::string section(reinterpret_cast<const char*>(offsets_.data()),
                      offsets_.size() * sizeof(std::uint32_t));
  section += bytes_;
  section.resize(AlignUp(section.size(), 8), '\0');
  return section;
}

}  // namespace quiver
