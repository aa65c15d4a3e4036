// DatabaseAccess: the engine behind a Database, for what is built on both.
#pragma once

#include <memory>

#include "quiver/database.h"

namespace quiver {

class Engine;

struct DatabaseAccess {
  static const std::shared_ptr<Engine>& EngineOf(const Database& database) noexcept;
  static std::unique_ptr<Database> Make(std::shared_ptr<Engine> engine);
};

}  // namespace quiver
