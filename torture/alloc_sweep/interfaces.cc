#include "alloc_sweep/interfaces.h"

#include <unistd.h>

#include <vector>

#include "base/try.h"
#include "quiver/admin.h"
#include "quiver/arrow_c_data.h"
#include "quiver/arrow_stream.h"
#include "quiver/backup.h"
#include "quiver/follower.h"
#include "quiver/ingest.h"
#include "quiver/transaction.h"
#include "quiver/write_batch.h"

namespace quiver::torture {

namespace {

constexpr int kOldRows = 90;
constexpr int kImportedRows = 40;
constexpr int kPairs = 6;

DatabaseConfig SmallConfig() {
  DatabaseConfig config;
  config.memory_limit_bytes = std::uint64_t{26} << 20;
  config.memtable_size_bytes = 16U << 10;
  config.table_size_bytes = 16U << 10;
  config.level_base_bytes = 32U << 10;
  config.block_size_bytes = 1024;
  config.value_chunk_bytes = 1024;
  config.disk_reserve_bytes = 0;
  config.merge_operator = MergeOperatorKind::kAppend;
  return config;
}

std::string OldKey(int number) {
  return "old" + std::to_string(1000 + number);
}
std::string OldValue(int number) {
  return std::to_string(number) + std::string(static_cast<std::size_t>(number * 41 % 200), 'o');
}
std::string PairKey(int number, char half) {
  return std::string("pair") + half + std::to_string(number);
}

template <typename T>
void Require(const Result<T>& result) {
  if (!result) ::_exit(2);
}

std::unique_ptr<Database> OpenDatabase(const WorkloadContext& context) {
  auto database = Database::Open(context.place.database(), SmallConfig());
  Require(database);
  return *std::move(database);
}

WriteBatch PairBatch(int number) {
  WriteBatch batch;
  Require(batch.Put(PairKey(number, 'a'), "value"));
  Require(batch.Put(PairKey(number, 'b'), "value"));
  return batch;
}

void RunOpen(const WorkloadContext& context) noexcept {
  context.arm();
  OpenDatabase(context);
}

void RunWrites(const WorkloadContext& context) noexcept {
  const auto database = OpenDatabase(context);
  context.arm();
  for (int number = 1; number <= kPairs; ++number) {
    Require(database->Write(PairBatch(number), {.wal_mode = static_cast<WalMode>(number % 3)}));
    context.acknowledge(static_cast<std::uint64_t>(number));
    Require(database->Put("other", "value"));
    Require(database->Merge("other", "more"));
    Require(database->DeleteRange("oth", "oti"));
    Require(database->Delete("other"));
  }
}

void RunReads(const WorkloadContext& context) noexcept {
  const auto database = OpenDatabase(context);
  context.arm();
  const auto snapshot = database->NewSnapshot();
  Require(snapshot);
  Require(database->Get(OldKey(7), {.snapshot = &*snapshot}));
  Require(database->GetExpiry(OldKey(8)));
  const std::vector<std::string_view> keys = {"old1001", "old1050", "old1089", "absent"};
  Require(database->MultiGet(keys));
}

void RunIterator(const WorkloadContext& context) noexcept {
  const auto database = OpenDatabase(context);
  context.arm();
  auto rows = database->NewIterator();
  Require(rows);
  int count = 0;
  for (rows->SeekToFirst(); rows->Valid(); rows->Next()) ++count;
  for (rows->SeekToLast(); rows->Valid(); rows->Prev()) --count;
  rows->Seek(OldKey(30));
  rows->SeekForPrev(OldKey(20));
  Require(rows->status());
  if (count != 0) ::_exit(2);
}

void RunTransaction(const WorkloadContext& context) noexcept {
  const auto database = OpenDatabase(context);
  context.arm();
  for (int number = 1; number <= kPairs; ++number) {
    auto transaction = database->BeginTransaction();
    Require(transaction);
    Require(transaction->Get(OldKey(number)));
    Require(transaction->Put(PairKey(number, 'a'), "value"));
    Require(transaction->Put(PairKey(number, 'b'), "value"));
    Require(transaction->Commit());
    context.acknowledge(static_cast<std::uint64_t>(number));
  }
}

void RunKeyspaces(const WorkloadContext& context) noexcept {
  const auto database = OpenDatabase(context);
  context.arm();
  const auto made = database->CreateKeyspace("made", database->config());
  Require(made);
  Require(database->Put("key", "value", {.keyspace = &*made}));
  Require(database->ListKeyspaces());
  Require(database->KeyspaceConfig(*made));
  Require(database->DropKeyspace(*made));
}

void RunFlushAndCompact(const WorkloadContext& context) noexcept {
  const auto database = OpenDatabase(context);
  context.arm();
  Require(database->Write(PairBatch(1)));
  context.acknowledge(1);
  Require(database->Flush());
  Require(database->CompactRange());
  Require(database->WaitForBackgroundWork());
  (void)database->Metrics();
  Require(database->Close());
}

void RunIngest(const WorkloadContext& context) noexcept {
  const auto database = OpenDatabase(context);
  context.arm();
  const std::filesystem::path file = context.place.rows();
  Require(database->IngestArrow({&file, 1}));
}

void RunArrowStream(const WorkloadContext& context) noexcept {
  const auto database = OpenDatabase(context);
  context.arm();
  ArrowArrayStream stream{};
  Require(database->ExportArrowStream({}, &stream));
  ArrowSchema schema{};
  if (stream.get_schema(&stream, &schema) == 0) schema.release(&schema);
  ArrowArray batch{};
  while (stream.get_next(&stream, &batch) == 0 && batch.release != nullptr) batch.release(&batch);
  stream.release(&stream);
}

void RunCheckpoint(const WorkloadContext& context) noexcept {
  const auto database = OpenDatabase(context);
  context.arm();
  Require(database->Checkpoint(context.place.out()));
}

void RunBackup(const WorkloadContext& context) noexcept {
  const auto database = OpenDatabase(context);
  Require(database->Put("changed", "value"));
  context.arm();
  Require(CreateBackup(*database, context.place.backups()));
  Require(ListBackups(context.place.backups()));
  Require(VerifyBackup(context.place.backups()));
}

void RunRestore(const WorkloadContext& context) noexcept {
  context.arm();
  Require(RestoreBackup(context.place.backups(), 1, context.place.out()));
}

void RunVerify(const WorkloadContext& context) noexcept {
  context.arm();
  const auto report = VerifyDatabase(context.place.database());
  Require(report);
  if (!report->damages.empty()) ::_exit(2);
}

void RunRepair(const WorkloadContext& context) noexcept {
  context.arm();
  Require(RepairDatabase(context.place.database(), context.place.out()));
}

void RunFollower(const WorkloadContext& context) noexcept {
  const auto database = OpenDatabase(context);
  context.arm();
  const auto follower = Follower::Open(context.place.database());
  Require(follower);
  Require(database->Write(PairBatch(1)));
  context.acknowledge(1);
  Require((*follower)->Refresh());
  Require((*follower)->database()->Get(PairKey(1, 'a')));
}

constexpr InterfaceWorkload kWorkloads[] = {
    {"open", RunOpen},
    {"writes", RunWrites},
    {"reads", RunReads},
    {"iterator", RunIterator},
    {"transaction", RunTransaction},
    {"keyspaces", RunKeyspaces},
    {"flush_and_compact", RunFlushAndCompact},
    {"ingest", RunIngest},
    {"arrow_stream", RunArrowStream},
    {"checkpoint", RunCheckpoint},
    {"backup", RunBackup},
    {"restore", RunRestore},
    {"verify", RunVerify},
    {"repair", RunRepair},
    {"follower", RunFollower},
};

Result<void> WriteRowsFile(const std::filesystem::path& file) {
  QUIVER_ASSIGN_OR_RETURN(const auto writer, ArrowFileWriter::Create(file));
  for (int number = 0; number < kImportedRows; ++number) {
    QUIVER_TRY(writer->Add("imported" + std::to_string(number), "value"));
  }
  return writer->Finish();
}

Result<void> Make(const Place& place) {
  QUIVER_ASSIGN_OR_RETURN(const auto database, Database::Open(place.database(), SmallConfig()));
  for (int number = 0; number < kOldRows; ++number) {
    QUIVER_TRY(database->Put(OldKey(number), OldValue(number), {.wal_mode = WalMode::kAsync}));
    // The rest stays in the log.
    if (number == kOldRows / 3 || number == kOldRows / 2) QUIVER_TRY(database->Flush());
  }
  QUIVER_TRY(CreateBackup(*database, place.backups()));
  QUIVER_TRY(database->Close());
  return WriteRowsFile(place.rows());
}

std::string CheckOldRows(Database& database) {
  for (int number = 0; number < kOldRows; ++number) {
    const auto value = database.Get(OldKey(number));
    if (!value) return value.error().ToString();
    if (!*value) return "lost " + OldKey(number);
    if ((*value)->view() != OldValue(number)) return OldKey(number) + " has another value";
  }
  return {};
}

std::string CheckPairs(Database& database, std::uint64_t acknowledged) {
  for (int number = 1; number <= kPairs; ++number) {
    const auto first = database.Get(PairKey(number, 'a'));
    const auto second = database.Get(PairKey(number, 'b'));
    if (!first || !second) return "the pairs cannot be read";
    if (first->has_value() != second->has_value()) {
      return "half of pair " + std::to_string(number);
    }
    if (!*first && static_cast<std::uint64_t>(number) <= acknowledged) {
      return "lost pair " + std::to_string(number);
    }
  }
  return {};
}

// All of the imported rows, or none.
std::string CheckImported(Database& database) {
  int present = 0;
  for (int number = 0; number < kImportedRows; ++number) {
    const auto value = database.Get("imported" + std::to_string(number));
    if (!value) return value.error().ToString();
    present += value->has_value() ? 1 : 0;
  }
  return present == 0 || present == kImportedRows
             ? ""
             : std::to_string(present) + " of the imported rows";
}

}  // namespace

std::span<const InterfaceWorkload> InterfaceWorkloads() {
  return kWorkloads;
}

std::string MakePlace(const Place& place) {
  std::filesystem::create_directories(place.root);
  const Result<void> made = Make(place);
  return made ? "" : made.error().ToString();
}

std::string CheckPlace(const Place& place, std::uint64_t acknowledged) {
  const auto database = Database::Open(place.database(), SmallConfig());
  if (!database) return "does not open again: " + database.error().ToString();
  if (!(*database)->recovery_report().losses.empty()) return "reports a loss";
  std::string wrong = CheckOldRows(**database);
  if (wrong.empty()) wrong = CheckPairs(**database, acknowledged);
  if (wrong.empty()) wrong = CheckImported(**database);
  if (!wrong.empty()) return wrong;
  const auto backups = VerifyBackup(place.backups());
  if (!backups) return "the backups: " + backups.error().ToString();
  if (!backups->damages.empty()) return "the backups: " + backups->damages.front().what;
  if (!std::filesystem::exists(place.out() / "CURRENT")) return {};
  const auto copy = Database::Open(place.out(), SmallConfig());
  if (!copy) return "the copy does not open: " + copy.error().ToString();
  wrong = CheckOldRows(**copy);
  return wrong.empty() ? "" : "the copy: " + wrong;
}

}  // namespace quiver::torture
