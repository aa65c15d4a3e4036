#include "crash_explorer/copies.h"

#include <algorithm>
#include <set>

#include "admin/backup_store.h"
#include "base/try.h"
#include "crash_explorer/machine.h"
#include "db/checkpoint.h"

namespace quiver::torture {

namespace {

// What is finished can only change by what happens to it: one look in so many will do.
constexpr std::uint64_t kFinishedSeldom = 4;
constexpr std::uint64_t kFileBytesMax = std::uint64_t{64} << 20;

// A half copy says that it is none: there is nothing, or CURRENT is missing.
bool SaysNoDatabase(const Error& error) {
  return error.code() == ErrorCode::kNotFound ||
         (error.code() == ErrorCode::kCorruption && error.file() == "CURRENT" &&
          error.message().find("is missing") != std::string::npos);
}

// A dataset is there once its description is, and then all its tables are as they were written.
std::string CheckDataset(io::MemoryFileSystem& disk, io::MemoryFileSystem& live,
                         const DirectoryCopy& copy) {
  const auto directory = disk.OpenDirectory(copy.path, false);
  const bool described = directory && (*directory)->OpenForRead("_README.txt");
  if (!described) {
    return copy.sequence ? "the dataset " + copy.path.string() + " is not there" : "";
  }
  const auto description = io::ReadWholeFile(**directory, "_README.txt", kFileBytesMax);
  if (!description) return "the dataset's description: " + description.error().ToString();
  for (std::size_t at = 0; (at = description->find("\n  0", at)) != std::string::npos; ++at) {
    const std::string name = description->substr(at + 3, description->find(' ', at + 3) - at - 3);
    if (!(*directory)->OpenForRead(name)) return "the dataset is described, but lacks " + name;
  }
  const auto written = live.OpenDirectory(copy.path, false);
  if (!written) return "cannot list the dataset that was written";
  const auto entries = (*written)->List();
  for (const io::DirectoryEntry& entry : *entries) {
    const auto wanted = io::ReadWholeFile(**written, entry.name, kFileBytesMax);
    const auto found = io::ReadWholeFile(**directory, entry.name, kFileBytesMax);
    if (entry.name.ends_with(".tmp")) continue;
    if (!wanted) return "cannot read what was written: " + wanted.error().ToString();
    if (!found) return "the dataset is described, but: " + found.error().ToString();
    if (*found != *wanted) return "the dataset is described, but " + entry.name + " is not whole";
  }
  return {};
}

Result<std::unique_ptr<BackupStore>> OpenStore(io::MemoryFileSystem& disk) {
  return BackupStore::Open(disk, kBackupPath, BackupStore::Access::kRead);
}

}  // namespace

DirectoryCopy& Copies::Begin(std::filesystem::path path, bool is_dataset, const History& history) {
  under_way_ = true;
  directories_.push_back({std::move(path), is_dataset, history, std::nullopt});
  return directories_.back();
}

BackupCopy& Copies::BeginBackup(const History& history) {
  under_way_ = true;
  backups_.push_back({history, std::nullopt, false});
  return backups_.back();
}

void Copies::Removing(std::uint64_t before_id) {
  under_way_ = true;
  for (BackupCopy& backup : backups_) backup.leaving |= backup.id && *backup.id < before_id;
}

void Copies::Removed() {
  backups_.remove_if([](const BackupCopy& backup) { return backup.leaving; });
}

std::string Copies::Check(io::MemoryFileSystem& disk, const io::MemoryFileSystem& live,
                          std::uint64_t wall_us, Random& random) const {
  for (const DirectoryCopy& copy : directories_) {
    if (copy.sequence && !random.OneIn(kFinishedSeldom)) continue;
    // Reading it changes nothing.
    auto& written = const_cast<io::MemoryFileSystem&>(live);
    std::string wrong =
        copy.is_dataset ? CheckDataset(disk, written, copy) : CheckDirectory(disk, copy, wall_us);
    if (!wrong.empty()) return wrong;
  }
  const bool in_doubt = std::ranges::any_of(
      backups_, [](const BackupCopy& backup) { return !backup.id || backup.leaving; });
  if (!in_doubt && !random.OneIn(kFinishedSeldom)) return {};
  return backups_.empty() ? std::string() : CheckBackups(disk, wall_us, random);
}

std::string Copies::CheckDirectory(io::MemoryFileSystem& disk, const DirectoryCopy& copy,
                                   std::uint64_t wall_us) const {
  Machine machine(disk, seed_, wall_us);
  if (const Result<void> opened = machine.Open({}, OpenMode::kReadOnly, copy.path); !opened) {
    if (!copy.sequence && SaysNoDatabase(opened.error())) return {};
    return "the copy in " + copy.path.string() + " does not open: " + opened.error().ToString();
  }
  const RecoveryReport& report = machine.engine().recovery_report();
  if (!report.losses.empty()) return "a copy has lost something: " + report.losses.front();
  const SequenceNumber wanted = copy.sequence.value_or(copy.history.acknowledged());
  std::string wrong;
  if (report.last_sequence != wanted) {
    wrong = "it holds sequence " + std::to_string(report.last_sequence) + ", expected " +
            std::to_string(wanted);
  } else {
    wrong = copy.history.Check(machine.engine(), wanted, wanted);
  }
  return wrong.empty() ? wrong : "the copy in " + copy.path.string() + ": " + wrong;
}

std::string Copies::CheckRestored(io::MemoryFileSystem& disk, std::uint64_t id,
                                  const History& history, std::uint64_t wall_us) const {
  const DirectoryCopy copy{"/check-" + std::to_string(id), false, history, history.acknowledged()};
  const auto restored = RestoreBackupFrom(disk, kBackupPath, id, copy.path, {});
  if (!restored) return "a backup is not restored: " + restored.error().ToString();
  std::string wrong = CheckDirectory(disk, copy, wall_us);
  if (const auto directory = disk.OpenDirectory(copy.path, false)) RemoveEverything(**directory);
  return wrong;
}

std::string Copies::CheckBackups(io::MemoryFileSystem& disk, std::uint64_t wall_us,
                                 Random& random) const {
  const bool some = std::ranges::any_of(
      backups_, [](const BackupCopy& backup) { return backup.id.has_value() && !backup.leaving; });
  const auto store = OpenStore(disk);
  if (!store) {
    if (!some && store.error().code() == ErrorCode::kNotFound) return {};
    return "the backups cannot be listed: " + store.error().ToString();
  }
  std::set<std::uint64_t> listed;
  for (const BackupRecord& record : (*store)->records()) listed.insert(record.id);
  const auto verified = VerifyBackupIn(disk, kBackupPath, {}, {});
  if (!verified) return "the backups cannot be verified: " + verified.error().ToString();
  if (!verified->damages.empty()) {
    return "a backup is damaged: " + verified->damages[0].file + ": " + verified->damages[0].what;
  }
  for (const BackupCopy& backup : backups_) {
    if (!backup.id) continue;
    if (listed.erase(*backup.id) == 0) {
      if (backup.leaving) continue;
      return "backup " + std::to_string(*backup.id) + " is gone";
    }
    if (!random.OneIn(kFinishedSeldom)) continue;
    std::string wrong = CheckRestored(disk, *backup.id, backup.history, wall_us);
    if (!wrong.empty()) return wrong;
  }
  // Those that no call has answered for: each is of one of the calls that began.
  for (const std::uint64_t id : listed) {
    const SequenceNumber sequence = (*store)->Find(id)->sequence;
    const auto begun = std::ranges::find_if(backups_, [&](const BackupCopy& backup) {
      return !backup.id && backup.history.acknowledged() == sequence;
    });
    if (begun == backups_.end()) return "backup " + std::to_string(id) + " is of nobody";
    std::string wrong = CheckRestored(disk, id, begun->history, wall_us);
    if (!wrong.empty()) return wrong;
  }
  return {};
}

std::string Copies::CheckSwept(io::MemoryFileSystem& disk) {
  const auto store = OpenStore(disk);
  if (!store) return "the backups cannot be listed: " + store.error().ToString();
  std::set<std::string> named;
  for (const BackupRecord& record : (*store)->records()) {
    named.insert(BackupRecordName(record.id));
    for (const BackupFile& file : record.files) named.insert(record.StoredName(file));
  }
  const auto entries = (*store)->directory().List();
  if (!entries) return "the backups cannot be listed: " + entries.error().ToString();
  for (const io::DirectoryEntry& entry : *entries) {
    if (!entry.regular || entry.name == "LOCK" || named.contains(entry.name)) continue;
    return entry.name + " is left in the backup directory, and no backup names it";
  }
  const auto work = disk.OpenDirectory(std::filesystem::path(kBackupPath) / "work", false);
  const auto left = work ? (*work)->List() : work.error();
  if (left && !left->empty()) return left->front().name + " is left of a backup's work";
  return {};
}

}  // namespace quiver::torture
