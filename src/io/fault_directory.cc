#include "io/fault_directory.h"

#include "base/try.h"

namespace quiver::io {

namespace {

// What of a failing write arrives.
std::string_view ArrivingPart(const FaultPlan& plan, std::string_view bytes) {
  const FaultReach reach = plan.reach();
  if (reach == FaultReach::kDone) return bytes;
  return bytes.substr(0, reach == FaultReach::kHalf ? bytes.size() / 2 : 0);
}

// Makes the call, also one that `begun` has refused if failing calls happen all the same.
template <typename Call>
auto Perform(const FaultPlan& plan, const Result<void>& begun, const Call& call)
    -> decltype(call()) {
  if (begun) return call();
  if (plan.reach() == FaultReach::kDone) (void)call();
  return begun.error();
}

}  // namespace

Result<std::unique_ptr<ReadableFile>> FaultDirectory::OpenForRead(std::string_view name) {
  QUIVER_TRY(plan_->Begin(OperationKind::kOpenForRead, name));
  QUIVER_ASSIGN_OR_RETURN(std::unique_ptr<ReadableFile> base, base_->OpenForRead(name));
  return std::make_unique<FaultReadableFile>(std::move(base), plan_);
}

Result<std::unique_ptr<WritableFile>> FaultDirectory::Create(std::string_view name) {
  QUIVER_ASSIGN_OR_RETURN(std::unique_ptr<WritableFile> base,
                          Perform(*plan_, plan_->Begin(OperationKind::kCreate, name),
                                  [&] { return base_->Create(name); }));
  return std::make_unique<FaultWritableFile>(std::move(base), plan_);
}

Result<std::unique_ptr<LogFile>> FaultDirectory::CreateLog(std::string_view name,
                                                           LogAccess access) {
  QUIVER_ASSIGN_OR_RETURN(std::unique_ptr<LogFile> base,
                          Perform(*plan_, plan_->Begin(OperationKind::kCreateLog, name),
                                  [&] { return base_->CreateLog(name, access); }));
  return std::make_unique<FaultLogFile>(std::move(base), plan_);
}

Result<void> FaultDirectory::Rename(std::string_view from, std::string_view to) {
  return Perform(
      *plan_,
      plan_->Begin({OperationKind::kRename, std::string(from), std::string(to), 0, 0, false}),
      [&] { return base_->Rename(from, to); });
}

Result<void> FaultDirectory::Remove(std::string_view name) {
  return Perform(*plan_, plan_->Begin(OperationKind::kRemove, name),
                 [&] { return base_->Remove(name); });
}

Result<void> FaultDirectory::LinkFrom(Directory& source, std::string_view name) {
  const auto* const other = dynamic_cast<FaultDirectory*>(&source);
  return Perform(*plan_, plan_->Begin(OperationKind::kLink, name),
                 [&] { return base_->LinkFrom(other != nullptr ? *other->base_ : source, name); });
}

Result<std::vector<DirectoryEntry>> FaultDirectory::List() {
  QUIVER_TRY(plan_->Begin(OperationKind::kList, path().native()));
  return base_->List();
}

Result<void> FaultDirectory::Sync() {
  MutexLock lock(sync_mutex_);
  QUIVER_TRY(sync_failure_.Check());
  return Perform(*plan_,
                 sync_failure_.Keep(plan_->Begin(OperationKind::kSyncDirectory, path().native())),
                 [&] { return base_->Sync(); });
}

Result<std::unique_ptr<DirectoryLock>> FaultDirectory::Lock(std::string_view name) {
  QUIVER_TRY(plan_->Begin(OperationKind::kLock, name));
  return base_->Lock(name);
}

Result<std::unique_ptr<DirectoryLock>> FaultDirectory::LockForReading(std::string_view name) {
  QUIVER_TRY(plan_->Begin(OperationKind::kLockForReading, name));
  return base_->LockForReading(name);
}

Result<std::uint64_t> FaultDirectory::FreeBytes() {
  QUIVER_TRY(plan_->Begin(OperationKind::kFreeBytes, path().native()));
  return base_->FreeBytes();
}

Result<std::size_t> FaultReadableFile::ReadAt(std::uint64_t offset,
                                              std::span<std::byte> buffer) const {
  QUIVER_TRY(
      plan_->Begin({OperationKind::kReadAt, base_->name(), {}, offset, buffer.size(), false}));
  return base_->ReadAt(offset, buffer);
}

Result<void> FaultWritableFile::Append(std::string_view bytes) {
  QUIVER_TRY(failure_.Check());
  Result<void> begun = failure_.Keep(plan_->Begin(
      {OperationKind::kAppend, base_->name(), {}, base_->size_bytes(), bytes.size(), false}));
  if (begun) return base_->Append(bytes);
  (void)base_->Append(ArrivingPart(*plan_, bytes));
  return begun;
}

Result<void> FaultWritableFile::Sync() {
  QUIVER_TRY(failure_.Check());
  return Perform(*plan_, failure_.Keep(plan_->Begin(OperationKind::kSyncFile, base_->name())),
                 [&] { return base_->Sync(); });
}

Result<void> FaultWritableFile::Close() {
  Result<void> result = failure_.Check();
  if (result) result = plan_->Begin(OperationKind::kClose, base_->name());
  // A close that fails has closed all the same, and what a write has handed over stays.
  Result<void> closed = base_->Close();
  return result ? closed : result;
}

Result<void> FaultLogFile::Reserve(std::uint64_t bytes) {
  const std::uint64_t reserved = base_->reserved_bytes();
  const std::uint64_t length = bytes > reserved ? bytes - reserved : 0;
  return Perform(
      *plan_, plan_->Begin({OperationKind::kReserve, base_->name(), {}, reserved, length, false}),
      [&] { return base_->Reserve(bytes); });
}

Result<void> FaultLogFile::WriteAt(std::uint64_t offset, std::string_view bytes) {
  Result<void> begun =
      plan_->Begin({OperationKind::kWriteAt, base_->name(), {}, offset, bytes.size(), false});
  if (begun) return base_->WriteAt(offset, bytes);
  (void)base_->WriteAt(offset, ArrivingPart(*plan_, bytes));
  return begun;
}

Result<void> FaultLogFile::Sync() {
  MutexLock lock(sync_mutex_);
  QUIVER_TRY(sync_failure_.Check());
  return Perform(*plan_, sync_failure_.Keep(plan_->Begin(OperationKind::kSyncLog, base_->name())),
                 [&] { return base_->Sync(); });
}

Result<void> FaultLogFile::WriteAtDurably(std::uint64_t offset, std::string_view bytes) {
  MutexLock lock(sync_mutex_);
  QUIVER_TRY(sync_failure_.Check());
  Result<void> begun = sync_failure_.Keep(plan_->Begin(
      {OperationKind::kWriteAtDurably, base_->name(), {}, offset, bytes.size(), false}));
  if (begun) return base_->WriteAtDurably(offset, bytes);
  (void)base_->WriteAt(offset, ArrivingPart(*plan_, bytes));
  return begun;
}

Result<void> FaultLogFile::CloseAt(std::uint64_t size_bytes) {
  return Perform(*plan_,
                 plan_->Begin({OperationKind::kCloseLog, base_->name(), {}, size_bytes, 0, false}),
                 [&] { return base_->CloseAt(size_bytes); });
}

}  // namespace quiver::io
