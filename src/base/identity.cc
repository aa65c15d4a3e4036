#include "base/identity.h"

#include <cstdio>

namespace quiver {

std::string DatabaseId::ToString() const {
  std::array<char, 33> text{};
  std::snprintf(text.data(), text.size(), "%016llx%016llx", static_cast<unsigned long long>(high),
                static_cast<unsigned long long>(low));
  return text.data();
}

}  // namespace quiver
