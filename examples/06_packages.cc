// The installed packages of a Debian machine: keyspaces, counters by merges, a snapshot, a
// transaction, a checkpoint.
// usage: 06_packages DIRECTORY [INDEX_FILE]; the index is one of dpkg or apt, /var/lib/dpkg/status
#include <quiver/quiver.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace {

using quiver::Result;

struct Package {
  std::string name, version;
  std::set<std::string> needs;
};

// "libc6 (>= 2.36), debconf (>= 0.5) | debconf-2.0" -> libc6, debconf, debconf-2.0
std::set<std::string> Names(std::string_view depends) {
  std::set<std::string> names;
  for (std::size_t at = 0; at < depends.size();) {
    const std::size_t begin = std::min(depends.find_first_not_of(" ,|", at), depends.size());
    const std::size_t end = std::min(depends.find_first_of(",|", begin), depends.size());
    const std::string_view one = depends.substr(begin, end - begin);
    if (const auto name = one.substr(0, one.find_first_of(" (:")); !name.empty()) {
      names.emplace(name);
    }
    at = end;
  }
  return names;
}

std::vector<Package> ReadIndex(const std::string& path) {
  std::vector<Package> packages;
  std::ifstream index(path);
  for (std::string line; std::getline(index, line);) {
    const auto field = [&](std::string_view name) {
      return line.starts_with(name) ? line.substr(name.size()) : std::string();
    };
    if (auto name = field("Package: "); !name.empty()) packages.emplace_back().name = name;
    if (packages.empty()) continue;
    if (auto version = field("Version: "); !version.empty()) packages.back().version = version;
    if (auto depends = field("Depends: "); !depends.empty()) packages.back().needs = Names(depends);
  }
  return packages;
}

struct Store {
  std::unique_ptr<quiver::Database> db;
  quiver::Keyspace needs;      // package/other: nothing
  quiver::Keyspace needed_by;  // other: how many packages need it
};

Result<Store> OpenStore(const std::string& directory) {
  auto db = quiver::Database::Open(directory);
  if (!db) return db.error();
  auto needs = (*db)->CreateKeyspace("needs", (*db)->config());
  if (!needs) return needs.error();
  quiver::DatabaseConfig counters = (*db)->config();
  counters.merge_operator = quiver::MergeOperatorKind::kAddInt64;
  auto needed_by = (*db)->CreateKeyspace("needed_by", counters);
  if (!needed_by) return needed_by.error();
  return Store{*std::move(db), *needs, *needed_by};
}

// One batch a package: after a crash it is there with all that it needs, or not at all.
Result<void> Load(Store& store, const std::vector<Package>& packages) {
  for (const Package& package : packages) {
    quiver::WriteBatch batch;
    if (auto put = batch.Put(package.name, package.version); !put) return put;
    for (const std::string& other : package.needs) {
      if (auto put = batch.Put(store.needs, package.name + "/" + other, ""); !put) return put;
      const auto one = quiver::EncodeInt64(1);
      if (auto add = batch.Merge(other, one, {.keyspace = &store.needed_by}); !add) return add;
    }
    const auto written = store.db->Write(batch, {.wal_mode = quiver::WalMode::kAsync});
    if (!written) return written.error();
  }
  return store.db->SyncLog();
}

Result<void> PrintMostNeeded(const Store& store, const quiver::Snapshot& snapshot) {
  auto rows = store.db->NewIterator({.keyspace = &store.needed_by, .snapshot = &snapshot});
  if (!rows) return rows.error();
  std::vector<std::pair<std::int64_t, std::string>> counts;
  for (rows->SeekToFirst(); rows->Valid(); rows->Next()) {
    counts.emplace_back(-quiver::DecodeInt64(rows->value()).value_or(0), rows->key());
  }
  std::ranges::sort(counts);
  for (std::size_t i = 0; i < std::min<std::size_t>(counts.size(), 3); ++i) {
    std::printf("%s is needed by %lld\n", counts[i].second.c_str(),
                static_cast<long long>(-counts[i].first));
  }
  return rows->status();
}

// Removes a package with all that it needs, unless somebody changes it meanwhile: kConflict.
Result<void> Remove(Store& store, const std::string& name) {
  auto transaction = store.db->BeginTransaction({.isolation = quiver::Isolation::kSerializable});
  if (!transaction) return transaction.error();
  auto needs = transaction->NewIterator({.keyspace = &store.needs, .prefix = name + "/"});
  if (!needs) return needs.error();
  for (needs->SeekToFirst(); needs->Valid(); needs->Next()) {
    const std::string_view other = needs->key().substr(name.size() + 1);
    const auto less = quiver::EncodeInt64(-1);
    const auto merged = transaction->Merge(other, less, {.keyspace = &store.needed_by});
    if (!merged) return merged;
    const auto gone = transaction->Delete(needs->key(), {.keyspace = &store.needs});
    if (!gone) return gone;
  }
  if (auto status = needs->status(); !status) return status;
  if (auto gone = transaction->Delete(name); !gone) return gone;
  const auto committed = transaction->Commit();
  return committed ? Result<void>() : committed.error();
}

Result<void> Run(const std::string& directory, const std::string& index) {
  const std::vector<Package> packages = ReadIndex(index);
  auto store = OpenStore(directory);
  if (!store) return store.error();
  if (auto loaded = Load(*store, packages); !loaded) return loaded;
  auto before = store->db->NewSnapshot();
  if (!before) return before.error();
  std::printf("%zu packages\n", packages.size());
  for (const Package& package : packages) {
    if (auto removed = Remove(*store, package.name); !removed) return removed;
  }
  if (auto shown = PrintMostNeeded(*store, *before); !shown) return shown;  // as it was
  const auto copy = store->db->Checkpoint(directory + "-emptied");
  return copy ? store->db->Close() : copy.error();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2 && argc != 3) return std::puts("usage: 06_packages DIRECTORY [INDEX_FILE]"), 2;
  const auto done = Run(argv[1], argc == 3 ? argv[2] : "/var/lib/dpkg/status");
  if (!done) std::puts(done.error().ToString().c_str());
  return done ? 0 : 1;
}
