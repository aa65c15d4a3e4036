// Database: the public face. Checks arguments, counts, times one call in so many, and hands over to
// the engine.
#include "quiver/database.h"

#include "base/batch_codec.h"
#include "base/try.h"
#include "db/engine.h"
#include "db/stored_config.h"
#include "metrics/operation_timer.h"
#include "version/identity_file.h"

namespace quiver {

class Database::Impl {
 public:
  explicit Impl(std::shared_ptr<Engine> opened) : engine(std::move(opened)) {}
  const std::shared_ptr<Engine> engine;
};

namespace {

Result<void> CheckKey(std::string_view key) {
  if (key.size() <= kKeyBytesMax) [[likely]]
    return {};
  return Error(ErrorCode::kInvalidArgument, "the key has " + std::to_string(key.size()) +
                                                " bytes; at most " + std::to_string(kKeyBytesMax) +
                                                " are allowed");
}

Result<void> CheckValue(std::string_view value) {
  if (value.size() <= kValueBytesMax) [[likely]]
    return {};
  return Error(ErrorCode::kInvalidArgument, "the value has " + std::to_string(value.size()) +
                                                " bytes; at most " +
                                                std::to_string(kValueBytesMax) + " are allowed");
}

Result<void> CheckWidth(std::uint32_t declared, std::size_t actual, const char* what) {
  if (declared == 0 || declared == actual) [[likely]]
    return {};
  return Error(ErrorCode::kInvalidArgument,
               std::string("the ") + what + " has " + std::to_string(actual) +
                   " bytes, but this database was created with " + what +
                   "_width_bytes = " + std::to_string(declared));
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

}  // namespace

Database::Database(std::unique_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}

Database::~Database() {
  (void)impl_->engine->Close();
}

Result<std::unique_ptr<Database>> Database::Open(const std::filesystem::path& directory,
                                                 const DatabaseConfig& config) noexcept {
  QUIVER_ASSIGN_OR_RETURN(
      auto engine, Engine::Open(io::SystemEnvironment(), directory, config, OpenMode::kReadWrite));
  return std::unique_ptr<Database>(new Database(std::make_unique<Impl>(std::move(engine))));
}

Result<std::unique_ptr<Database>> Database::OpenReadOnly(
    const std::filesystem::path& directory) noexcept {
  QUIVER_ASSIGN_OR_RETURN(
      auto engine, Engine::Open(io::SystemEnvironment(), directory, {}, OpenMode::kReadOnly));
  return std::unique_ptr<Database>(new Database(std::make_unique<Impl>(std::move(engine))));
}

Result<DatabaseConfig> Database::StoredConfig(const std::filesystem::path& directory) noexcept {
  QUIVER_ASSIGN_OR_RETURN(auto opened, io::PosixFileSystem().OpenDirectory(directory, false));
  QUIVER_ASSIGN_OR_RETURN(const DatabaseId id, ReadIdentityFile(*opened));
  return ReadStoredConfig(*opened, id);
}

Result<void> Database::Put(std::string_view key, std::string_view value,
                           const WriteOptions& options) noexcept {
  QUIVER_TRY(CheckKey(key));
  QUIVER_TRY(CheckValue(value));
  Engine& engine = *impl_->engine;
  QUIVER_TRY(CheckWidth(engine.config().key_width_bytes, key.size(), "key"));
  QUIVER_TRY(CheckWidth(engine.config().value_width_bytes, value.size(), "value"));
  EngineMetrics::Operation& operation = engine.core().metrics.put;
  const auto timer = Timer(engine, operation);
  const EncodeBuffer encoded;
  AppendBatchEntry(encoded.buffer(), {.key = key, .value = value});
  QUIVER_TRY(engine.Write(encoded.buffer(), 1, options));
  operation.count.Add();
  operation.bytes.Add(key.size() + value.size());
  return {};
}

Result<void> Database::Delete(std::string_view key, const WriteOptions& options) noexcept {
  QUIVER_TRY(CheckKey(key));
  Engine& engine = *impl_->engine;
  QUIVER_TRY(CheckWidth(engine.config().key_width_bytes, key.size(), "key"));
  EngineMetrics::Operation& operation = engine.core().metrics.remove;
  const auto timer = Timer(engine, operation);
  const EncodeBuffer encoded;
  AppendBatchEntry(encoded.buffer(), {.operation = Operation::kDelete, .key = key, .value = {}});
  QUIVER_TRY(engine.Write(encoded.buffer(), 1, options));
  operation.count.Add();
  operation.bytes.Add(key.size());
  return {};
}

Result<SequenceNumber> Database::Write(const WriteBatch& batch,
                                       const WriteOptions& options) noexcept {
  Engine& engine = *impl_->engine;
  const DatabaseConfig& config = engine.config();
  if (config.key_width_bytes != 0 || config.value_width_bytes != 0) {
    BatchReader reader(batch.encoded());
    BatchEntry entry;
    while (reader.Next(entry)) {
      QUIVER_TRY(CheckWidth(config.key_width_bytes, entry.key.size(), "key"));
      if (entry.operation != Operation::kPut) continue;
      QUIVER_TRY(CheckWidth(config.value_width_bytes, entry.value.size(), "value"));
    }
  }
  EngineMetrics::Operation& operation = engine.core().metrics.write;
  const auto timer = Timer(engine, operation);
  QUIVER_ASSIGN_OR_RETURN(const SequenceNumber sequence,
                          engine.Write(batch.encoded(), batch.count(), options));
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
Result<void> Database::Flush() noexcept {
  return impl_->engine->Flush();
}
Result<void> Database::CompactRange(std::optional<std::string_view> begin,
                                    std::optional<std::string_view> end) noexcept {
  return impl_->engine->CompactRange(begin, end);
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

}  // namespace quiver
