#include "bit_rot/subject.h"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "base/random.h"
#include "base/try.h"
#include "bit_rot/copy_kinds.h"
#include "quiver/backup.h"
#include "quiver/database.h"

namespace quiver::torture {

namespace {

namespace fs = std::filesystem;

constexpr int kRowCount = 64;

std::string KeyOf(int number) {
  return "key" + std::to_string(number);
}

std::string ValueOf(int number, int round) {
  Random random(static_cast<std::uint64_t>(number * 100 + round));
  std::string value = std::to_string(number) + ":" + std::to_string(round) + ":";
  value += std::to_string(random.Next()) + std::string(random.Below(40), 'v');
  return value;
}

// Every third or so key is written in each round, so that a table, a newer table with deletes, and
// the log hold three states that hide each other: whatever is lost lets an old value through.
std::vector<Change> ChangesOf(int round) {
  std::vector<Change> changes;
  for (int number = 0; number < kRowCount; ++number) {
    if (round != 0 && number % 5 != round && number % 7 != round) continue;
    Change change{KeyOf(number), ValueOf(number, round)};
    if (round != 0 && number % 11 == round) change.value.reset();
    changes.push_back(std::move(change));
  }
  return changes;
}

Result<void> WriteEach(Engine& engine, int round) {
  for (const Change& change : ChangesOf(round)) {
    QUIVER_TRY(engine.Write({&change, 1}, false));
  }
  return {};
}

// Round 0 is merged, round 1 is a table over it, the older copy is taken, rounds 2 and 3 are in the
// log, which is synced and closed. Quiver's adapter writes these rows as entries of all kinds to
// two keyspaces.
Result<void> Build(const Subject& subject, const fs::path& older) {
  {
    QUIVER_ASSIGN_OR_RETURN(auto engine, subject.kind->open(subject.config));
    QUIVER_TRY(WriteEach(*engine, 0));
    QUIVER_TRY(engine->Flush());
    QUIVER_TRY(engine->Compact());
    QUIVER_TRY(WriteEach(*engine, 1));
    QUIVER_TRY(engine->Flush());
    QUIVER_TRY(engine->Close());
  }
  std::error_code error;
  fs::copy(subject.config.directory, older, fs::copy_options::recursive, error);
  if (error) return Error(ErrorCode::kIo, "cannot copy the subject: " + error.message());
  QUIVER_ASSIGN_OR_RETURN(auto engine, subject.kind->open(subject.config));
  QUIVER_TRY(engine->LeaveTraces());  // flushes what is there
  QUIVER_TRY(WriteEach(*engine, 2));
  QUIVER_TRY(engine->Write(ChangesOf(3), false));
  QUIVER_TRY(engine->Sync());
  return engine->Close();
}

// A log that holds nothing but a header and a trailer would be damaged to no purpose.
Result<void> CheckLogs(const Subject& subject) {
  constexpr std::size_t kFewBytes = 1000;
  bool has_log = false;
  for (const SubjectFile& file : subject.files) {
    if (file.type != "log") continue;
    has_log = true;
    if (file.bytes.find_last_not_of('\0') + 1 >= kFewBytes) return {};
  }
  if (!has_log) return {};
  return Error(ErrorCode::kInternal,
               "the logs of the subject " + subject.label + " hold no entries");
}

Rows ExpectedRows() {
  Rows rows;
  for (int round = 0; round <= 3; ++round) {
    for (const Change& change : ChangesOf(round)) {
      if (change.value) {
        rows[change.key] = *change.value;
      } else {
        rows.erase(change.key);
      }
    }
  }
  return rows;
}

std::string ReadWhole(const fs::path& file) {
  std::ostringstream bytes;
  bytes << std::ifstream(file, std::ios::binary).rdbuf();
  return bytes.str();
}

std::string TypeOf(const std::string& name, const std::string& compression) {
  const fs::path path(name);
  const std::string suffix = path.extension().string();
  if (suffix == ".arrow") return "table_" + compression;
  if (suffix == ".sst" || suffix == ".ldb") return "table";
  if (suffix == ".wal" || suffix == ".log") return "log";
  if (suffix == ".mdb" || suffix == ".sqlite") return name.starts_with("lock") ? "lock" : "data";
  if (name == "CONFIG.toml") return "config";
  // Of a backup: "0000000002-CURRENT".
  if (name.starts_with("0") && name.find("-") != std::string::npos)
    return TypeOf(name.substr(name.find('-') + 1), compression);
  std::string type = name.substr(0, name.find('-'));  // MANIFEST-000005, OPTIONS-000007
  std::transform(type.begin(), type.end(), type.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return type;
}

// Messages for people and lock files: nothing depends on them.
bool IsNoData(const std::string& name) {
  return name.starts_with("LOG") || name.starts_with("LOCK") || name == "lock.mdb";
}

// Makes the subject's files of a closed database and its older copy.
using Derive = Result<void> (*)(const fs::path& source, const fs::path& older,
                                const fs::path& target);

Result<void> BuildAndLoad(Subject& subject, const fs::path& directory, Derive derive = nullptr) {
  subject.config.directory = directory / "subject";
  const fs::path older = directory / "older";
  fs::remove_all(subject.config.directory);
  const fs::path copy = directory / "copy";
  fs::remove_all(older);
  fs::remove_all(copy);
  const pid_t builder = ::fork();
  if (builder == 0) {
    Result<void> built = Build(subject, older);
    if (built && derive != nullptr) built = derive(subject.config.directory, older, copy);
    if (!built) std::fprintf(stderr, "building: %s\n", built.error().ToString().c_str());
    ::_exit(built ? 0 : 1);
  }
  int status = 0;
  ::waitpid(builder, &status, 0);
  if (status != 0) return Error(ErrorCode::kIo, "cannot build the subject " + subject.label);
  subject.rows = ExpectedRows();
  const fs::path& built = derive == nullptr ? subject.config.directory : copy;
  for (const auto& entry : fs::directory_iterator(built)) {
    const std::string name = entry.path().filename().string();
    if (IsNoData(name) || !entry.is_regular_file()) continue;
    subject.files.push_back({.name = name,
                             .type = TypeOf(name, subject.variant),
                             .bytes = ReadWhole(entry.path()),
                             .older = derive == nullptr ? ReadWhole(older / name) : ""});
  }
  std::sort(subject.files.begin(), subject.files.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  return CheckLogs(subject);
}

Subject QuiverSubject(const std::string& compression) {
  Subject subject;
  subject.label = "quiver";
  subject.variant = compression;
  subject.kind = &EngineKinds().front();
  subject.config.durability = Durability::kAsync;
  subject.config.settings = {{"compression", compression}, {"compression_bottom", compression},
                             {"block_size_bytes", "1024"}, {"value_chunk_bytes", "1024"},
                             {"level0_run_trigger", "8"},  {"verify_output", "false"}};
  return subject;
}

Result<void> DeriveCheckpoint(const fs::path& source, const fs::path& /*older*/,
                              const fs::path& target) {
  QUIVER_ASSIGN_OR_RETURN(const auto database, Database::OpenReadOnly(source));
  QUIVER_TRY(database->Checkpoint(target));
  return {};
}

Result<void> DeriveBackups(const fs::path& source, const fs::path& older, const fs::path& target) {
  for (const fs::path& state : {older, source}) {
    QUIVER_ASSIGN_OR_RETURN(const auto database, Database::OpenReadOnly(state));
    QUIVER_TRY(CreateBackup(*database, target));
  }
  return {};
}

}  // namespace

Result<Subject> MakeQuiverSubject(const std::string& compression, const fs::path& directory) {
  Subject subject = QuiverSubject(compression);
  QUIVER_TRY(BuildAndLoad(subject, directory));
  return subject;
}

Result<Subject> MakeCopySubject(const std::string& variant, const fs::path& directory) {
  Subject subject = QuiverSubject("lz4");
  Derive derive = nullptr;
  if (variant == "checkpoint") {
    derive = DeriveCheckpoint;
  } else if (variant == "backup") {
    derive = DeriveBackups;
  } else if (variant != "follower") {
    return Error(ErrorCode::kInvalidArgument, "there is no subject '" + variant + "'");
  }
  QUIVER_TRY(BuildAndLoad(subject, directory, derive));
  if (variant == "backup") subject.kind = &BackupKind();
  if (variant == "follower") subject.kind = &FollowerKind();
  subject.every_flip_is_damage = variant == "backup";
  subject.label = "quiver_" + variant;
  subject.variant = variant;
  return subject;
}

Result<Subject> MakePeerSubject(const EngineKind& kind, Checks checks, const fs::path& directory) {
  Subject subject;
  subject.label = kind.name + "_" + std::string(ChecksName(checks));
  subject.kind = &kind;
  subject.config.checks = checks;
  subject.config.durability = Durability::kAsync;
  QUIVER_TRY(BuildAndLoad(subject, directory));
  return subject;
}

}  // namespace quiver::torture
