// The explorer's checks beside the database itself: followers, copies, and the next backup.
#include "admin/backup_store.h"
#include "crash_explorer/explorer.h"
#include "db/open_follower.h"

namespace quiver::torture {

namespace {

constexpr std::uint64_t kPlenty = std::uint64_t{1} << 40;

std::string CheckFollowed(const Engine& follower, const History& history, SequenceNumber least) {
  const RecoveryReport& report = follower.recovery_report();
  if (!report.losses.empty()) return "reports a loss: " + report.losses.front();
  return history.Check(follower, report.last_sequence, least);
}

}  // namespace

// On the disk that a crash leaves, before anybody recovers it: a prefix, and nothing is written.
void Explorer::CheckFollower(io::MemoryFileSystem& disk) {
  bool changed = false;
  disk.SetObserver([&] { changed = true; });
  Machine machine(disk, run_.seed(), workload_->WallMicros());
  const Result<void> opened = machine.Follow();
  const History& history = workload_->history();
  if (opened) {
    const std::string wrong = CheckFollowed(machine.engine(), history, history.floor());
    if (!wrong.empty()) Fail("a follower of what a power cut left: " + wrong);
    run_.Count("followers_of_images");
  } else if (opened.error().code() != ErrorCode::kNotFound || history.floor() != 0) {
    Fail("what a power cut left cannot be followed: " + opened.error().ToString());
  }
  machine.TurnOff();
  disk.SetObserver({});
  if (changed) Fail("a follower changed the disk");
}

// In the middle of the writer's call: everything acknowledged is there, and what a refresh shows
// goes on where the state before it was.
void Explorer::CheckLiveFollower() {
  if (followed_power_cuts_ != workload_->power_cuts()) followed_.reset();
  if (followed_ != nullptr) {
    const Result<bool> news = followed_->engine().HasNews();
    if (!news) return Fail("a follower cannot look for news: " + news.error().ToString());
    const auto unchanged = followed_->engine().recovery_report().last_sequence;
    if (!*news && unchanged < workload_->follower_least()) {
      return Fail("a follower at " + std::to_string(unchanged) + " sees no news, but " +
                  std::to_string(workload_->follower_least()) + " was acknowledged");
    }
    if (!*news) return run_.Count("follower_looks_without_news");
  }
  auto next =
      std::make_unique<Machine>(workload_->disk_to_follow(), run_.seed(), workload_->WallMicros());
  if (const Result<void> opened = next->Follow(); !opened) {
    if (opened.error().code() == ErrorCode::kNotFound && workload_->follower_least() == 0) return;
    return Fail("a running database cannot be followed: " + opened.error().ToString());
  }
  const std::string wrong =
      CheckFollowed(next->engine(), workload_->history(), workload_->follower_least());
  if (!wrong.empty()) return Fail("a follower of a running database: " + wrong);
  if (followed_ != nullptr) {
    const Result<void> goes_on = CheckGoesOn(followed_->engine(), next->engine());
    if (!goes_on) return Fail("a refresh goes back: " + goes_on.error().ToString());
  }
  followed_ = std::move(next);
  followed_power_cuts_ = workload_->power_cuts();
  run_.Count("follower_refreshes");
}

// Files that no manifest names are gone once the database is open.
void Explorer::CheckNoOrphans(io::MemoryFileSystem& disk, Machine& machine) {
  std::set<std::string> named;
  const CatalogRef catalog = machine.engine().versions().catalog();
  for (const KeyspaceRecord& keyspace : catalog->keyspaces()) {
    for (const Level& level : keyspace.version->levels()) {
      for (const SortedRun& run : level.runs) {
        for (const TableFileRef& table : run.tables) {
          named.insert(TableName(table->summary.number));
        }
      }
    }
  }
  const std::vector<std::string>& foreign = machine.engine().recovery_report().foreign_files;
  const auto directory = disk.OpenDirectory("/db", false);
  const auto entries = directory ? (*directory)->List() : directory.error();
  if (!entries) return Fail("cannot list the directory: " + entries.error().ToString());
  for (const io::DirectoryEntry& entry : *entries) {
    const FileKind kind = ParseFileName(entry.name).kind;
    if (kind != FileKind::kTemporary && kind != FileKind::kTable) continue;
    if (kind == FileKind::kTable && named.contains(entry.name)) continue;
    // Garbage under a table's name may be anybody's: it is left alone, and reported.
    if (std::ranges::find(foreign, entry.name) != foreign.end()) continue;
    Fail(entry.name + " is left after the open, and no manifest names it");
  }
}

void Explorer::CheckCopies(io::MemoryFileSystem& disk, Random& random) {
  const Copies& copies = workload_->copies();
  if (!copies.under_way() && !random.OneIn(8)) return;
  disk.SetFreeBytes(kPlenty);
  const std::string wrong = copies.Check(disk, workload_->disk(), workload_->WallMicros(), random);
  if (!wrong.empty()) Fail("copies: " + wrong);
  run_.Count("copies_checked", static_cast<double>(copies.directories().size()));
  run_.Count("backups_checked", static_cast<double>(copies.backups().size()));
}

// Whatever a crash left in the backup directory, the next backup of the survivor is whole, and what
// was left over is gone.
void Explorer::CheckNextBackup(io::MemoryFileSystem& disk, Machine& machine, SequenceNumber last) {
  disk.SetFreeBytes(kPlenty);
  if (const Result<void> flushed = machine.Flush(); !flushed) {
    return Fail("the survivor does not flush: " + flushed.error().ToString());
  }
  const auto made = CreateBackupOf(machine.engine(), kBackupPath, {});
  if (!made) return Fail("the survivor cannot be backed up: " + made.error().ToString());
  std::string wrong = Copies::CheckSwept(disk);
  if (!wrong.empty()) return Fail("after the next backup: " + wrong);
  const auto verified = VerifyBackupIn(disk, kBackupPath, {}, {});
  if (!verified || !verified->damages.empty()) return Fail("the next backup does not verify");
  const auto restored = RestoreBackupFrom(disk, kBackupPath, made->id, "/next", {});
  if (!restored) return Fail("the next backup is not restored: " + restored.error().ToString());
  Machine copy(disk, run_.seed(), workload_->WallMicros());
  if (const Result<void> opened = copy.Open({}, OpenMode::kReadOnly, "/next"); !opened) {
    return Fail("the next backup does not open: " + opened.error().ToString());
  }
  History history = workload_->history();
  history.AllowFurtherTables();
  wrong = history.Check(copy.engine(), last, last);
  if (!wrong.empty()) Fail("the next backup: " + wrong);
  run_.Count("next_backups");
}

}  // namespace quiver::torture
