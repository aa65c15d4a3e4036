#include "linearizability/hot_key_worker.h"

#include <algorithm>
#include <chrono>
#include <cstring>

namespace quiver::torture {

namespace {

constexpr std::size_t kSaidMax = 8;

std::uint64_t Now() {
  return static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
}

// A value is its number and bytes that follow from it, so that one made of parts of two shows.
std::string ValueBytes(ValueId id, std::size_t size) {
  std::string bytes(std::max(size, sizeof id), '\0');
  std::memcpy(bytes.data(), &id, sizeof id);
  Random random(id);
  for (std::size_t i = sizeof id; i < bytes.size(); ++i) {
    bytes[i] = static_cast<char>('a' + random.Below(26));
  }
  return bytes;
}

}  // namespace

std::string HotKeyName(KeyIndex key) {
  return key < kRegisterKeys ? "r" + std::to_string(key)
                             : "g" + std::to_string(key - kRegisterKeys);
}

// --- what the threads share

void HotKeyState::Say(const std::string& what) {
  broken_.store(true, std::memory_order_relaxed);
  MutexLock lock(mutex_);
  if (what_.size() < kSaidMax) what_.push_back(what);
}

std::vector<std::string> HotKeyState::what() const {
  MutexLock lock(mutex_);
  return what_;
}

bool HotKeyState::IsWrong(const char* call, const Error& error) {
  if (error.code() == ErrorCode::kClosed || error.code() == ErrorCode::kBusy) return false;
  Say(std::string(call) + " fails: " + error.ToString());
  return true;
}

void HotKeyState::CheckDurable(const Database& database, SequenceNumber least) {
  const SequenceNumber before = std::max(least, durable_seen_.load(std::memory_order_relaxed));
  const SequenceNumber durable = database.DurableSequence();
  const std::uint64_t issued = issued_.load(std::memory_order_relaxed);
  SequenceNumber seen = durable_seen_.load(std::memory_order_relaxed);
  while (seen < durable &&
         !durable_seen_.compare_exchange_weak(seen, durable, std::memory_order_relaxed)) {
  }
  if (durable < before) {
    Say("DurableSequence() is " + std::to_string(durable) + " after " + std::to_string(before));
  }
  if (durable > issued) {
    Say("DurableSequence() is " + std::to_string(durable) + ", but only " + std::to_string(issued) +
        " entries were ever written");
  }
}

// --- writing

std::string HotKeyWorker::NewValue(ValueId& id) {
  id = (index_ + 1) << 40 | next_value_++;
  return ValueBytes(id, random_.OneIn(32) ? 2000 : 8 + random_.Below(120));
}

WriteOptions HotKeyWorker::Options() {
  WriteOptions options;
  if (random_.OneIn(8)) options.wal_mode = static_cast<WalMode>(random_.Below(3));
  options.fail_if_stalled = random_.OneIn(16);
  return options;
}

// Records a write that was done. False if the database is closed or something is wrong.
bool HotKeyWorker::Written(KeyIndex key, ValueId id, const Times& times,
                           const Result<void>& result) {
  if (!result) {
    return !state_.IsWrong("a write", result.error()) && result.error().code() == ErrorCode::kBusy;
  }
  histories_[key].push_back({true, id, times.called_ns, times.answered_ns});
  return true;
}

bool HotKeyWorker::WriteOne(Database& database) {
  const auto key = static_cast<KeyIndex>(random_.Below(kHotKeys));
  if (key >= kRegisterKeys) return Submit(database, {{key, random_.OneIn(4) ? 0 : 1}});
  const std::string name = HotKeyName(key);
  ValueId id = 0;
  state_.Issue(1);
  if (random_.OneIn(4)) {
    Times times{Now(), 0};
    const Result<void> done = database.Delete(name, Options());
    times.answered_ns = Now();
    return Written(key, id, times, done);
  }
  const std::string value = NewValue(id);
  Times times{Now(), 0};
  const Result<void> done = database.Put(name, value, Options());
  times.answered_ns = Now();
  return Written(key, id, times, done);
}

bool HotKeyWorker::WriteSeveral(Database& database) {
  Seen entries;
  const bool registers = random_.OneIn(4);
  const KeyIndex first = registers ? 0 : kRegisterKeys;
  const KeyIndex count = registers ? kRegisterKeys : kGroupKeys;
  const bool deletes = random_.OneIn(6);
  for (KeyIndex i = 0; i < count; ++i) {
    if (random_.OneIn(3)) continue;
    entries.emplace_back(first + i, deletes || random_.OneIn(8) ? 0 : 1);
  }
  return entries.empty() || Submit(database, std::move(entries));
}

// Writes a batch; an entry that is not a delete gets a new value.
bool HotKeyWorker::Submit(Database& database, Seen entries) {
  WriteBatch batch;
  for (auto& [key, id] : entries) {
    const std::string name = HotKeyName(key);
    const Result<void> added = id == 0 ? batch.Delete(name) : batch.Put(name, NewValue(id));
    if (!added) return state_.Say("WriteBatch: " + added.error().ToString()), false;
  }
  state_.Issue(entries.size());
  const WriteOptions options = Options();
  Times times{Now(), 0};
  const Result<SequenceNumber> last = database.Write(batch, options);
  times.answered_ns = Now();
  if (!last) {
    return !state_.IsWrong("Write()", last.error()) && last.error().code() == ErrorCode::kBusy;
  }
  const WalMode mode = options.wal_mode.value_or(database.config().wal_mode);
  if (mode == WalMode::kSync) state_.CheckDurable(database, *last);
  for (const auto& [key, id] : entries) {
    histories_[key].push_back({true, id, times.called_ns, times.answered_ns});
  }
  if (entries.front().first < kRegisterKeys) return true;
  writes_.push_back({*last, std::move(entries), times.called_ns, times.answered_ns});
  return true;
}

// --- reading

std::optional<ValueId> HotKeyWorker::IdOf(KeyIndex key, std::string_view value) {
  ValueId id = 0;
  if (value.size() >= sizeof id) std::memcpy(&id, value.data(), sizeof id);
  if (id != 0 && value == ValueBytes(id, value.size())) return id;
  state_.Say(HotKeyName(key) + " holds a value that nobody wrote, of " +
             std::to_string(value.size()) + " bytes");
  return std::nullopt;
}

void HotKeyWorker::Saw(KeyIndex key, ValueId id, const Times& times) {
  histories_[key].push_back({false, id, times.called_ns, times.answered_ns});
}

void HotKeyWorker::SawTogether(Seen seen, const Snapshot* snapshot, const Times& times) {
  for (const auto& [key, id] : seen) Saw(key, id, times);
  std::erase_if(seen, [](const auto& each) { return each.first < kRegisterKeys; });
  if (seen.empty()) return;
  StateRead read{std::move(seen), {}, times.called_ns, times.answered_ns};
  if (snapshot != nullptr) read.sequence = snapshot->sequence();
  reads_.push_back(std::move(read));
}

bool HotKeyWorker::ReadOne(Database& database) {
  const auto key = static_cast<KeyIndex>(random_.Below(kHotKeys));
  const std::string name = HotKeyName(key);
  std::optional<ValueId> id = 0;
  Times times{Now(), 0};
  if (random_.OneIn(2)) {
    const auto found = database.Get(name);
    times.answered_ns = Now();
    if (!found) return state_.IsWrong("Get()", found.error()), false;
    if (*found) id = IdOf(key, (*found)->view());
  } else {
    std::string value;
    const Result<bool> found = database.GetInto(name, value);
    times.answered_ns = Now();
    if (!found) return state_.IsWrong("GetInto()", found.error()), false;
    if (*found) id = IdOf(key, value);
  }
  if (!id) return false;
  Saw(key, *id, times);
  return true;
}

// Of a snapshot the times are those of its making, otherwise those of this call.
bool HotKeyWorker::ReadSeveral(Database& database, const Snapshot* snapshot, Times times) {
  std::vector<KeyIndex> keys;
  std::vector<std::string> names;
  for (KeyIndex key = 0; key < kHotKeys; ++key) {
    if (!random_.OneIn(3)) keys.push_back(key);
  }
  for (const KeyIndex key : keys) names.push_back(HotKeyName(key));
  const std::vector<std::string_view> views(names.begin(), names.end());
  if (snapshot == nullptr) times.called_ns = Now();
  const auto found = database.MultiGet(views, {.snapshot = snapshot});
  if (snapshot == nullptr) times.answered_ns = Now();
  if (!found) return state_.IsWrong("MultiGet()", found.error()), false;
  Seen seen;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const auto& value = (*found)[i];
    const std::optional<ValueId> id = value ? IdOf(keys[i], value->view()) : ValueId{0};
    if (!id) return false;
    seen.emplace_back(keys[i], *id);
  }
  SawTogether(std::move(seen), snapshot, times);
  return true;
}

bool HotKeyWorker::Scan(Database& database, const Snapshot* snapshot, Times times) {
  if (snapshot == nullptr) times.called_ns = Now();
  auto cursor = database.NewIterator({.lower_bound = {}, .prefix = "", .snapshot = snapshot});
  if (snapshot == nullptr) times.answered_ns = Now();
  if (!cursor) return state_.IsWrong("NewIterator()", cursor.error()), false;
  Seen seen;
  for (KeyIndex key = 0; key < kHotKeys; ++key) seen.emplace_back(key, 0);
  const bool forwards = random_.OneIn(2);
  for (forwards ? cursor->SeekToFirst() : cursor->SeekToLast(); cursor->Valid();
       forwards ? cursor->Next() : cursor->Prev()) {
    const auto place = std::find_if(seen.begin(), seen.end(), [&](const auto& each) {
      return HotKeyName(each.first) == cursor->key();
    });
    if (place == seen.end() || place->second != 0) {
      return state_.Say("a scan shows a key twice, or a foreign one"), false;
    }
    const std::optional<ValueId> id = IdOf(place->first, cursor->value());
    if (!id) return false;
    place->second = *id;
  }
  if (const Result<void> ended = cursor->status(); !ended) {
    return state_.IsWrong("an iterator", ended.error()), false;
  }
  SawTogether(std::move(seen), snapshot, times);
  return true;
}

bool HotKeyWorker::ReadSnapshot(Database& database) {
  Times times{Now(), 0};
  const Result<Snapshot> snapshot = database.NewSnapshot();
  times.answered_ns = Now();
  if (!snapshot) return state_.IsWrong("NewSnapshot()", snapshot.error()), false;
  for (std::uint64_t reads = 1 + random_.Below(4); reads > 0; --reads) {
    const bool good = random_.OneIn(2) ? ReadSeveral(database, &*snapshot, times)
                                       : Scan(database, &*snapshot, times);
    if (!good) return false;
    // Older than what happens in between, the snapshot must not show it.
    if (random_.OneIn(2) && !WriteSeveral(database)) return false;
  }
  return true;
}

void HotKeyWorker::ReadEverything(Database& database) {
  (void)Scan(database, nullptr, {});
}

void HotKeyWorker::Run(Database& database, std::uint64_t operations,
                       const std::atomic<bool>& stop) {
  bool good = true;
  for (std::uint64_t i = 0; good && i < operations; ++i) {
    if (stop.load(std::memory_order_relaxed) || state_.broken()) return;
    ++operation_count_;
    if (random_.OneIn(8)) state_.CheckDurable(database, 0);
    const std::uint64_t choice = random_.Below(100);
    if (choice < 30) {
      good = WriteOne(database);
    } else if (choice < 45) {
      good = WriteSeveral(database);
    } else if (choice < 72) {
      good = ReadOne(database);
    } else if (choice < 84) {
      good = ReadSeveral(database, nullptr, {});
    } else if (choice < 93) {
      good = Scan(database, nullptr, {});
    } else {
      good = ReadSnapshot(database);
    }
  }
}

}  // namespace quiver::torture
