// The public interfaces as small workloads, for a sweep over every allocation that each makes.
//
// Each works in a place of its own: a copy of a database that was made beforehand. Everything
// before Arm() succeeds, so that the allocations counted are those of the interface.
//
// Thread safety: one thread at a time.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "quiver/config.h"
#include "quiver/database.h"

namespace quiver::torture {

/// What a workload finds: a closed database, one backup of it, a file of rows; `out` is absent.
struct Place {
  std::filesystem::path root;
  std::filesystem::path database() const { return root / "db"; }
  std::filesystem::path backups() const { return root / "backups"; }
  std::filesystem::path rows() const { return root / "rows.arrow"; }
  std::filesystem::path out() const { return root / "out"; }
};

struct WorkloadContext {
  Place place;
  /// To be called once, before the first call that may meet the failing allocation.
  std::function<void()> arm;
  /// So many of the new pairs are acknowledged.
  std::function<void(std::uint64_t)> acknowledge;
};

struct InterfaceWorkload {
  std::string_view name;
  /// Ends the process with 2 if a call answers an error. Allocations of its own end it as those of
  /// the interface do.
  void (*run)(const WorkloadContext& context) noexcept;
};

std::span<const InterfaceWorkload> InterfaceWorkloads();

/// Makes the database, the backup and the file. Empty, or what went wrong.
std::string MakePlace(const Place& place);
/// What is wrong with what a workload left, or empty: every row of MakePlace is there, each pair is
/// there as a whole or not at all, the first `acknowledged` ones are there, backups verify, and
/// what lies at `out` is a whole database or none.
std::string CheckPlace(const Place& place, std::uint64_t acknowledged);

}  // namespace quiver::torture
