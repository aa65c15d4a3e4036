// Database: the public face. Checks arguments, counts, times one call in so many, and hands over to
// the engine.
#include "quiver/database.h"

#include <algorithm>
#include <limits>

#include "base/batch_codec.h"
#include "base/try.h"
#include "db/checkpoint.h"
#include "db/database_access.h"
#include "db/engine.h"
#include "db/entry_check.h"
#include "db/stored_config.h"
#include "db/transaction_impl.h"
#include "metrics/operation_timer.h"
#include "version/identity_file.h"

namespace quiver {

class Database::Impl {
 public:
  explicit Impl(std::shared_ptr<Engine> opened) : engine(std::move(opened)) {}
  const std::shared_ptr<Engine> engine;
};

namespace {

/// Of every operation of `batch`, which names `keyspaces`.
Result<void> CheckEntries(const WriteBatch& batch, std::span<KeyspaceState* const> keyspaces) {
  const auto is_free = [](const KeyspaceState* keyspace) {
    return keyspace->config.key_width_bytes == 0 && keyspace->config.value_width_bytes == 0;
  };
  if (!batch.has_merges() && std::ranges::all_of(keyspaces, is_free)) return {};
  BatchReader reader(batch.encoded());
  BatchEntry entry;
  while (reader.Next(entry)) {
    const auto found = std::ranges::find(keyspaces, entry.keyspace, &KeyspaceState::id);
    if (found != keyspaces.end()) QUIVER_TRY(CheckEntry(**found, entry));
  }
  return {};
}

/// The moment at which an entry written now with `options` expires.
Result<std::uint64_t> ExpiryOf(const Engine& engine, Operation operation,
                               const WriteOptions& options) {
  if (options.time_to_live_ms == 0 && options.expiry_us == 0) [[likely]]
    return 0;
  const bool can_expire = operation == Operation::kPut || operation == Operation::kMerge;
  if (!can_expire || (options.time_to_live_ms != 0 && options.expiry_us != 0)) {
    return Error(ErrorCode::kInvalidArgument,
                 "time_to_live_ms or expiry_us may be given, not both, for puts and merges alone");
  }
  if (options.expiry_us != 0) return options.expiry_us;
  const std::uint64_t now_us = engine.WallMicros();
  if (options.time_to_live_ms > (std::numeric_limits<std::uint64_t>::max() - now_us) / 1000) {
    return Error(ErrorCode::kInvalidArgument,
                 "time_to_live_ms is beyond the end of time; 0 means "
                 "that the entry never expires");
  }
  return now_us + options.time_to_live_ms * 1000;
}

/// The encoded form of a single put or delete lives in a buffer of the thread's own; a huge value
/// does not keep its memory.
class EncodeBuffer {
 public:
  EncodeBuffer() { buffer().clear(); }
  ~EncodeBuffer() {
    if (buffer().capacity() > kKeptBytesMax) std::string().swap(buffer());
  }
  EncodeBuffer(const EncodeBuffer&) = delete;
  EncodeBuffer& operator=(const EncodeBuffer&) = delete;
  static std::string& buffer() {
    thread_local std::string bytes;
    return bytes;
  }

 private:
  static constexpr std::size_t kKeptBytesMax = std::size_t{1} << 20;
};

auto Timer(const Engine& engine, EngineMetrics::Operation& operation) {
  auto now = [&engine] { return engine.NowNanos(); };
  return OperationTimer<decltype(now)>(operation.latency, now, kOperationSampleEvery);
}

/// One operation; its keyspace and expiry come from `options`.
Result<void> WriteOne(Engine& engine, EngineMetrics::Operation& operation, BatchEntry entry,
                      const WriteOptions& options) {
  QUIVER_TRY(CheckKey(entry.key));
  QUIVER_ASSIGN_OR_RETURN(KeyspaceState* const keyspace, engine.Resolve(options.keyspace));
  QUIVER_TRY(CheckEntry(*keyspace, entry));
  QUIVER_ASSIGN_OR_RETURN(entry.expiry_us, ExpiryOf(engine, entry.operation, options));
  entry.keyspace = keyspace->id;
  const auto timer = Timer(engine, operation);
  const EncodeBuffer encoded;
  AppendBatchEntry(encoded.buffer(), entry);
  QUIVER_TRY(engine.Write(encoded.buffer(), 1, {&keyspace, 1}, options));
  operation.count.Add();
  operation.bytes.Add(entry.key.size() + entry.value.size());
  return {};
}

}  // namespace

Database::Database(std::unique_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}

Database::~Database() {
  (void)impl_->engine->Close();
}

Result<std::unique_ptr<Database>> Database::Open(
    const std::filesystem::path& directory, const DatabaseConfig& config,
    std::shared_ptr<const MergeOperator> merge_operator) noexcept {
  QUIVER_ASSIGN_OR_RETURN(
      auto engine, Engine::Open(io::SystemEnvironment(), directory, config, OpenMode::kReadWrite,
                                std::move(merge_operator)));
  return std::unique_ptr<Database>(new Database(std::make_unique<Impl>(std::move(engine))));
}

Result<std::unique_ptr<Database>> Database::OpenReadOnly(
    const std::filesystem::path& directory,
    std::shared_ptr<const MergeOperator> merge_operator) noexcept {
  auto engine = Engine::Open(io::SystemEnvironment(), directory, {}, OpenMode::kReadOnly,
                             std::move(merge_operator));
  if (!engine && engine.error().code() == ErrorCode::kBusy) {
    return engine.error().WithContext("a Follower reads it meanwhile (docs/followers.md)");
  }
  if (!engine) return engine.error();
  return std::unique_ptr<Database>(new Database(std::make_unique<Impl>(*std::move(engine))));
}

Result<DatabaseConfig> Database::StoredConfig(const std::filesystem::path& directory) noexcept {
  QUIVER_ASSIGN_OR_RETURN(auto opened, io::PosixFileSystem().OpenDirectory(directory, false));
  QUIVER_ASSIGN_OR_RETURN(const DatabaseId id, ReadIdentityFile(*opened));
  return ReadStoredConfig(*opened, id);
}

Result<void> Database::Put(std::string_view key, std::string_view value,
                           const WriteOptions& options) noexcept {
  QUIVER_TRY(CheckValue(value));
  Engine& engine = *impl_->engine;
  return WriteOne(engine, engine.core().metrics.put,
                  {.operation = Operation::kPut, .key = key, .value = value}, options);
}

Result<void> Database::Delete(std::string_view key, const WriteOptions& options) noexcept {
  Engine& engine = *impl_->engine;
  return WriteOne(engine, engine.core().metrics.remove,
                  {.operation = Operation::kDelete, .key = key, .value = {}}, options);
}

Result<void> Database::DeleteRange(std::string_view begin, std::string_view end,
                                   const WriteOptions& options) noexcept {
  QUIVER_TRY(CheckKey(end));
  Engine& engine = *impl_->engine;
  return WriteOne(engine, engine.core().metrics.remove,
                  {.operation = Operation::kRangeDelete, .key = begin, .value = end}, options);
}

Result<void> Database::Merge(std::string_view key, std::string_view operand,
                             const WriteOptions& options) noexcept {
  QUIVER_TRY(CheckValue(operand));
  Engine& engine = *impl_->engine;
  return WriteOne(engine, engine.core().metrics.put,
                  {.operation = Operation::kMerge, .key = key, .value = operand}, options);
}

Result<SequenceNumber> Database::Write(const WriteBatch& batch,
                                       const WriteOptions& options) noexcept {
  Engine& engine = *impl_->engine;
  KeyspaceState* only = nullptr;
  std::vector<KeyspaceState*> several;
  std::span<KeyspaceState* const> keyspaces(&only, 1);
  if (batch.keyspaces().empty()) {
    QUIVER_ASSIGN_OR_RETURN(only, engine.Resolve(nullptr));
  } else {
    if (batch.uses_default()) {
      QUIVER_ASSIGN_OR_RETURN(several.emplace_back(), engine.Resolve(nullptr));
    }
    for (const Keyspace& keyspace : batch.keyspaces()) {
      QUIVER_ASSIGN_OR_RETURN(several.emplace_back(), engine.Resolve(&keyspace));
    }
    keyspaces = several;
  }
  QUIVER_TRY(CheckEntries(batch, keyspaces));
  EngineMetrics::Operation& operation = engine.core().metrics.write;
  const auto timer = Timer(engine, operation);
  QUIVER_ASSIGN_OR_RETURN(const SequenceNumber sequence,
                          engine.Write(batch.encoded(), batch.count(), keyspaces, options));
  operation.count.Add();
  operation.bytes.Add(batch.size_bytes());
  return sequence;
}

Result<std::optional<PinnedValue>> Database::Get(std::string_view key,
                                                 const ReadOptions& options) const noexcept {
  const Engine& engine = *impl_->engine;
  EngineMetrics& metrics = engine.core().metrics;
  const auto timer = Timer(engine, metrics.get);
  metrics.get.count.Add();
  const EpochGuard guard(engine.core().epochs);
  TableAnswer found;
  QUIVER_ASSIGN_OR_RETURN(const bool hit, engine.Get(key, options, /*want_pin=*/true, found));
  if (!hit) return std::optional<PinnedValue>();
  metrics.get_found.Add();
  metrics.get.bytes.Add(key.size() + found.answer.value.size());
  return std::optional<PinnedValue>(std::in_place, found.answer.value, std::move(found.pin));
}

Result<bool> Database::GetInto(std::string_view key, std::string& value,
                               const ReadOptions& options) const noexcept {
  const Engine& engine = *impl_->engine;
  EngineMetrics& metrics = engine.core().metrics;
  const auto timer = Timer(engine, metrics.get);
  metrics.get.count.Add();
  const EpochGuard guard(engine.core().epochs);
  TableAnswer found;
  QUIVER_ASSIGN_OR_RETURN(const bool hit, engine.Get(key, options, /*want_pin=*/false, found));
  if (!hit) return false;
  value.assign(found.answer.value);
  metrics.get_found.Add();
  metrics.get.bytes.Add(key.size() + value.size());
  return true;
}

Result<std::optional<std::uint64_t>> Database::GetExpiry(
    std::string_view key, const ReadOptions& options) const noexcept {
  const Engine& engine = *impl_->engine;
  const EpochGuard guard(engine.core().epochs);
  TableAnswer found;
  QUIVER_ASSIGN_OR_RETURN(const bool hit, engine.Get(key, options, /*want_pin=*/false, found));
  return hit ? std::optional<std::uint64_t>(found.answer.expiry_us) : std::nullopt;
}

Result<std::vector<std::optional<PinnedValue>>> Database::MultiGet(
    std::span<const std::string_view> keys, const ReadOptions& options) const noexcept {
  const Engine& engine = *impl_->engine;
  EngineMetrics& metrics = engine.core().metrics;
  metrics.get.count.Add(keys.size());
  QUIVER_ASSIGN_OR_RETURN(auto values, engine.MultiGet(keys, options));
  std::uint64_t found = 0;
  std::uint64_t bytes = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::optional<PinnedValue>& value = values[i];
    if (!value) continue;
    ++found;
    bytes += keys[i].size() + value->size();
  }
  metrics.get_found.Add(found);
  metrics.get.bytes.Add(bytes);
  return values;
}

Result<IngestReport> Database::IngestArrow(std::span<const std::filesystem::path> files,
                                           const IngestOptions& options) noexcept {
  return impl_->engine->IngestArrow(files, options);
}
Result<Iterator> Database::NewIterator(const IteratorOptions& options) const noexcept {
  return impl_->engine->NewIterator(options);
}
Result<Snapshot> Database::NewSnapshot() const noexcept {
  return impl_->engine->NewSnapshot();
}
Result<void> Database::ExportArrowStream(const ArrowStreamOptions& options,
                                         ArrowArrayStream* out) const noexcept {
  return impl_->engine->ExportArrowStream(options, out);
}
Result<Transaction> Database::BeginTransaction(const TransactionOptions& options) noexcept {
  return Transaction::Impl::Begin(impl_->engine, options);
}
Result<void> Database::Flush() noexcept {
  return impl_->engine->Flush();
}
Result<void> Database::CompactRange(std::optional<std::string_view> begin,
                                    std::optional<std::string_view> end,
                                    const Keyspace* keyspace) noexcept {
  return impl_->engine->CompactRange(begin, end, keyspace);
}
Result<Keyspace> Database::CreateKeyspace(std::string_view name,
                                          const DatabaseConfig& config) noexcept {
  return impl_->engine->CreateKeyspace(name, config);
}
Result<Keyspace> Database::OpenKeyspace(std::string_view name) const noexcept {
  return impl_->engine->OpenKeyspace(name);
}
Result<std::vector<Keyspace>> Database::ListKeyspaces() const noexcept {
  return impl_->engine->ListKeyspaces();
}
Result<void> Database::DropKeyspace(const Keyspace& keyspace) noexcept {
  return impl_->engine->DropKeyspace(keyspace);
}
Result<DatabaseConfig> Database::KeyspaceConfig(const Keyspace& keyspace) const noexcept {
  return impl_->engine->KeyspaceConfig(keyspace);
}
Result<void> Database::WaitForBackgroundWork() noexcept {
  return impl_->engine->WaitForBackgroundWork();
}
Result<void> Database::SyncLog() noexcept {
  return impl_->engine->SyncLog();
}
SequenceNumber Database::DurableSequence() const noexcept {
  return impl_->engine->DurableSequence();
}
Result<void> Database::WaitDurable(SequenceNumber sequence) noexcept {
  return impl_->engine->WaitDurable(sequence);
}
Result<CheckpointReport> Database::Checkpoint(const std::filesystem::path& directory,
                                              const ProgressCallback& progress) noexcept {
  return WriteCheckpoint(*impl_->engine, directory, progress);
}
DatabaseMetrics Database::Metrics() const noexcept {
  return impl_->engine->Metrics();
}
const RecoveryReport& Database::recovery_report() const noexcept {
  return impl_->engine->recovery_report();
}
const DatabaseConfig& Database::config() const noexcept {
  return impl_->engine->config();
}
Result<void> Database::Close() noexcept {
  return impl_->engine->Close();
}

const std::shared_ptr<Engine>& DatabaseAccess::EngineOf(const Database& database) noexcept {
  return database.impl_->engine;
}
std::unique_ptr<Database> DatabaseAccess::Make(std::shared_ptr<Engine> engine) {
  return std::unique_ptr<Database>(
      new Database(std::make_unique<Database::Impl>(std::move(engine))));
}

}  // namespace quiver
