#include "driver/dataset.h"

#include <algorithm>
#include <cmath>

namespace quiver::bench {

namespace {

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;
constexpr std::uint64_t kGiB = std::uint64_t{1} << 30;
// Room for the entries themselves, their block's share and the filters: 116 bytes become 150, and a
// cache that is full to the brim misses.
constexpr std::uint64_t kCachePerMillion = 200 * kMiB;
constexpr std::size_t kDigits = 16;
constexpr std::uint64_t kPoolBytes = std::uint64_t{1} << 20;
constexpr std::uint64_t kStampSalt = 0x5155495645520000ULL;

const std::vector<Dataset>& Datasets() {
  static const std::vector<Dataset> datasets{
      {"S", 5'000'000, 16, 100, KeyShape::kPlain, false, 2 * kGiB, 0},
      {"M", 20'000'000, 20, 400, KeyShape::kPlain, false, 10 * kGiB, 0},
      {"L", 20'000'000, 20, 400, KeyShape::kPlain, false, kGiB, 3 * kGiB},
      {"V", 1'000'000, 16, 4096, KeyShape::kPlain, false, 6 * kGiB, 0},
      {"S-zipf", 5'000'000, 16, 100, KeyShape::kPlain, true, 2 * kGiB, 0},
      {"S-prefix", 5'000'000, 64, 100, KeyShape::kSharedPrefix, false, 2 * kGiB, 0},
      {"1M", 1'000'000, 16, 100, KeyShape::kPlain, false, kCachePerMillion, 0},
      {"3M", 3'000'000, 16, 100, KeyShape::kPlain, false, 3 * kCachePerMillion, 0},
      {"10M", 10'000'000, 16, 100, KeyShape::kPlain, false, 10 * kCachePerMillion, 0},
      {"30M", 30'000'000, 16, 100, KeyShape::kPlain, false, 30 * kCachePerMillion, 0},
      {"100M", 100'000'000, 16, 100, KeyShape::kPlain, false, 100 * kCachePerMillion, 0},
      {"1MiB", kMiB / 116, 16, 100, KeyShape::kPlain, false, kGiB, 0},
      {"64MiB", 64 * kMiB / 116, 16, 100, KeyShape::kPlain, false, kGiB, 0},
      {"64MiB-prefix", 64 * kMiB / 164, 64, 100, KeyShape::kSharedPrefix, false, kGiB, 0},
  };
  return datasets;
}

// Sixteen hexadecimal digits, most significant first: all at once, since a loop over digits would
// cost as much as some engines' work.
void WriteHex(std::uint64_t number, char* out) noexcept {
  static constexpr auto kPairs = [] {
    std::array<std::array<char, 2>, 256> pairs{};
    for (std::size_t i = 0; i < pairs.size(); ++i) {
      pairs[i] = {"0123456789abcdef"[i >> 4], "0123456789abcdef"[i & 15]};
    }
    return pairs;
  }();
  for (std::size_t i = 0; i < 8; ++i) {
    std::memcpy(out + i * 2, kPairs[(number >> (56 - i * 8)) & 255].data(), 2);
  }
}

std::uint64_t Stamp(std::uint64_t i) noexcept {
  return Scatter(i ^ kStampSalt);
}

}  // namespace

std::optional<Dataset> DatasetNamed(std::string_view name, double scale) {
  for (Dataset dataset : Datasets()) {
    if (dataset.name != name) continue;
    const auto scaled = [scale](std::uint64_t number) {
      return static_cast<std::uint64_t>(std::llround(static_cast<double>(number) * scale));
    };
    dataset.entries = std::max<std::uint64_t>(1000, scaled(dataset.entries));
    dataset.cache_bytes = std::max<std::uint64_t>(16 << 20, scaled(dataset.cache_bytes));
    if (dataset.memory_limit_bytes != 0) {
      dataset.memory_limit_bytes =
          std::max<std::uint64_t>(256 << 20, scaled(dataset.memory_limit_bytes));
    }
    return dataset;
  }
  return std::nullopt;
}

std::vector<std::string> DatasetNames() {
  std::vector<std::string> names;
  for (const Dataset& dataset : Datasets()) names.push_back(dataset.name);
  return names;
}

KeyBuffer::KeyBuffer(const Dataset& dataset) : length_(dataset.key_bytes), shape_(dataset.shape) {
  bytes_.fill('0');
  constexpr std::string_view kPlainHead = "user";
  constexpr std::string_view kSharedHead = "tenant/0000/region/eu-central/orders/2026/11/id/";
  const std::string_view head = shape_ == KeyShape::kSharedPrefix ? kSharedHead : kPlainHead;
  std::copy_n(head.begin(), std::min<std::size_t>(head.size(), length_ - kDigits), bytes_.begin());
}

std::string_view KeyBuffer::Encode(std::uint64_t number) noexcept {
  WriteHex(number, bytes_.data() + length_ - kDigits);
  if (shape_ == KeyShape::kSharedPrefix) {
    // The tenant follows from the number, so that the order of numbers is that of keys: 32 tenants,
    // each with half the rows of the next.
    constexpr std::size_t kTenantPlace = 7;
    const unsigned zeros = number == 0 ? 64U : static_cast<unsigned>(__builtin_clzll(number));
    const unsigned tenant = zeros < 32 ? 31 - zeros : 0;
    bytes_[kTenantPlace + 2] = static_cast<char>('0' + tenant / 10);
    bytes_[kTenantPlace + 3] = static_cast<char>('0' + tenant % 10);
  }
  return {bytes_.data(), length_};
}

ValueBuffer::ValueBuffer(const Dataset& dataset)
    : length_(dataset.value_bytes),
      slots_(std::max<std::uint64_t>(1, kPoolBytes / dataset.value_bytes)),
      pool_(slots_ * length_),
      value_(length_) {
  const std::uint32_t half = (length_ + 1) / 2;
  for (std::uint64_t slot = 0; slot < slots_; ++slot) {
    char* const start = pool_.data() + slot * length_;
    for (std::uint32_t i = 0; i < half; ++i) {
      start[i] = static_cast<char>(Scatter((slot << 20) ^ (i / 8)) >> (i % 8 * 8));
    }
    std::memcpy(start + half, start, length_ - half);
  }
}

std::string_view ValueBuffer::Of(std::uint64_t i) noexcept {
  std::memcpy(value_.data(), pool_.data() + i % slots_ * length_, length_);
  const std::uint64_t stamp = Stamp(i);
  std::memcpy(value_.data(), &stamp, sizeof stamp);
  return {value_.data(), length_};
}

bool BelongsTo(std::string_view value, const Dataset& dataset, std::uint64_t i) noexcept {
  const std::uint64_t stamp = Stamp(i);
  return value.size() == dataset.value_bytes &&
         std::memcmp(value.data(), &stamp, sizeof stamp) == 0;
}

}  // namespace quiver::bench
