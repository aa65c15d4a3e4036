// The name functions of quiver/config.h.
#include "config/enum_names.h"

namespace quiver {

namespace {

// A number that is no value of the enum has no name: it can come in through the C++ API only, and
// ValidateConfig refuses it.
template <typename Enum>
std::string_view NameOf(Enum value) noexcept {
  const auto names = EnumNames<Enum>();
  const auto index = static_cast<std::size_t>(value);
  return index < names.size() ? names[index] : "unknown";
}

}  // namespace

std::string_view MemtableKindName(MemtableKind kind) noexcept {
  return NameOf(kind);
}
std::string_view WalModeName(WalMode mode) noexcept {
  return NameOf(mode);
}
std::string_view CompactionStrategyName(CompactionStrategyKind kind) noexcept {
  return NameOf(kind);
}
std::string_view MergeOperatorName(MergeOperatorKind kind) noexcept {
  return NameOf(kind);
}
std::string_view CompressionName(CompressionKind kind) noexcept {
  return NameOf(kind);
}

}  // namespace quiver
