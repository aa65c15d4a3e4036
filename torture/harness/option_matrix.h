// OptionMatrix: settings for the programs that crash small databases, drawn so that none stays at
// one value.
//
// The numbers of a run are taken in blocks of eight, and each block is a Latin hypercube: every
// setting has a list of at most eight values, and walks through all of it in the eight
// configurations of a block, in an order of its own that depends on setting and block. So eight
// databases meet every value of every setting, and more of them ever new combinations.
//
// Sizes are such that a database of some hundred kilobytes lives a whole life: memtables rotate,
// levels fill and merge, fifo drops, writes are slowed and stopped.
//
// Thread safety: pure functions, and values.
#pragma once

#include <array>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "config/config_table.h"
#include "quiver/config.h"

namespace quiver::torture {

/// So many successive numbers, beginning with a multiple of it, meet every value of every setting.
inline constexpr std::uint64_t kOptionBlock = 8;

/// Configuration `number` of the crash programs. Its merge_operator may be custom: whoever opens
/// with it passes testing::CustomOperator(). create_if_missing = false is meant for the opens after
/// the first, error_if_exists = true for the first: see the next two.
DatabaseConfig OptionsOf(std::uint64_t number);
/// `config` for the open that creates the database, and for a later one.
DatabaseConfig ForCreation(DatabaseConfig config);
DatabaseConfig ForExisting(DatabaseConfig config);

/// Which values of each setting a run has met.
class OptionsMet {
 public:
  void Add(const DatabaseConfig& config);
  /// The settings that a run has left out: those met with one value only, and enums of which a
  /// value is missing.
  std::vector<std::string> Excluded() const;

 private:
  std::array<std::set<std::uint64_t>, kSettingCountMax> values_;
};

}  // namespace quiver::torture
