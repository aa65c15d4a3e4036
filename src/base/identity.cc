#include "base/identity.h"

#include "base/hex64.h"

namespace quiver {

std::string DatabaseId::ToString() const {
  return Hex64(high) + Hex64(low);
}

}  // namespace quiver
