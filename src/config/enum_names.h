// The names of the enums of the configuration, in value order: what files and flags spell.
//
// Thread safety: constants.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string_view>

#include "quiver/config.h"

namespace quiver {

inline constexpr std::array<std::string_view, 8> kMemtableKindNames{
    "sorted",           "skiplist",          "trie",          "linked_list",
    "hash_linked_list", "enhanced_skiplist", "hash_skiplist", "vector"};
inline constexpr std::array<std::string_view, 3> kWalModeNames{"sync", "batch", "async"};
inline constexpr std::array<std::string_view, 4> kWalRecoveryModeNames{
    "absolute", "point_in_time", "tolerate_tail", "skip_any_corrupt"};
inline constexpr std::array<std::string_view, 4> kCompactionStrategyNames{"leveled", "tiered",
                                                                          "fifo", "lazy_leveling"};
inline constexpr std::array<std::string_view, 3> kCompressionNames{"none", "lz4", "zstd"};

inline constexpr std::array<std::string_view, 4> kMergeOperatorNames{"none", "add_int64", "append",
                                                                     "custom"};

static_assert(kMemtableKindNames.size() == static_cast<std::size_t>(MemtableKind::kVector) + 1);
static_assert(kWalModeNames.size() == static_cast<std::size_t>(WalMode::kAsync) + 1);
static_assert(kWalRecoveryModeNames.size() ==
              static_cast<std::size_t>(WalRecoveryMode::kSkipAnyCorrupt) + 1);
static_assert(kCompactionStrategyNames.size() ==
              static_cast<std::size_t>(CompactionStrategyKind::kLazyLeveling) + 1);
static_assert(kCompressionNames.size() == static_cast<std::size_t>(CompressionKind::kZstd) + 1);
static_assert(kMergeOperatorNames.size() ==
              static_cast<std::size_t>(MergeOperatorKind::kCustom) + 1);

template <typename Enum>
constexpr std::span<const std::string_view> EnumNames() noexcept;

template <>
constexpr std::span<const std::string_view> EnumNames<MemtableKind>() noexcept {
  return kMemtableKindNames;
}
template <>
constexpr std::span<const std::string_view> EnumNames<WalMode>() noexcept {
  return kWalModeNames;
}
template <>
constexpr std::span<const std::string_view> EnumNames<WalRecoveryMode>() noexcept {
  return kWalRecoveryModeNames;
}
template <>
constexpr std::span<const std::string_view> EnumNames<CompactionStrategyKind>() noexcept {
  return kCompactionStrategyNames;
}
template <>
constexpr std::span<const std::string_view> EnumNames<CompressionKind>() noexcept {
  return kCompressionNames;
}
template <>
constexpr std::span<const std::string_view> EnumNames<MergeOperatorKind>() noexcept {
  return kMergeOperatorNames;
}

}  // namespace quiver
