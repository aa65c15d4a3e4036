#include "bit_rot/copy_kinds.h"

#include "base/try.h"
#include "engines/quiver_engine.h"
#include "quiver/backup.h"
#include "quiver/follower.h"

namespace quiver::torture {

namespace {

constexpr std::uint64_t kNewerBackup = 2;

Result<std::unique_ptr<Engine>> OpenFollowed(const EngineConfig& config) {
  QUIVER_ASSIGN_OR_RETURN(const auto follower, Follower::Open(config.directory));
  return QuiverEngineOver(follower->database());
}

// The rows of the restored database, with the findings of the verification.
class RestoredEngine final : public Engine {
 public:
  RestoredEngine(std::unique_ptr<Engine> rows, std::string damages)
      : rows_(std::move(rows)), damages_(std::move(damages)) {}

  Result<SequenceNumber> Write(std::span<const Change> changes, bool durably) override {
    return rows_->Write(changes, durably);
  }
  Result<bool> Get(std::string_view key, std::string& value) override {
    return rows_->Get(key, value);
  }
  Result<void> Scan(const RowSink& sink) override { return rows_->Scan(sink); }
  Result<void> Sync() override { return rows_->Sync(); }
  Result<void> Flush() override { return rows_->Flush(); }
  Result<void> Compact() override { return rows_->Compact(); }
  Result<void> Close() override { return rows_->Close(); }
  std::string Reported() const override { return damages_; }

 private:
  const std::unique_ptr<Engine> rows_;
  const std::string damages_;
};

Result<std::unique_ptr<Engine>> OpenRestored(const EngineConfig& config) {
  const std::filesystem::path target = config.directory.string() + "-restored";
  std::filesystem::remove_all(target);
  QUIVER_ASSIGN_OR_RETURN(const BackupVerifyReport verified, VerifyBackup(config.directory));
  std::string damages;
  for (const Damage& damage : verified.damages) damages += damage.file + ": " + damage.what + "; ";
  QUIVER_TRY(RestoreBackup(config.directory, kNewerBackup, target));
  QUIVER_ASSIGN_OR_RETURN(auto database, Database::OpenReadOnly(target));
  QUIVER_ASSIGN_OR_RETURN(auto rows, QuiverEngineOver(std::move(database)));
  return std::make_unique<RestoredEngine>(std::move(rows), std::move(damages));
}

}  // namespace

const EngineKind& FollowerKind() {
  static const EngineKind kind{.name = "quiver_follower", .version = "", .open = OpenFollowed};
  return kind;
}

const EngineKind& BackupKind() {
  static const EngineKind kind{.name = "quiver_backup", .version = "", .open = OpenRestored};
  return kind;
}

}  // namespace quiver::torture
