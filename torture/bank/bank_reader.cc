// How a bank is read. See bank_phase.h.
#include <chrono>
#include <thread>

#include "bank/bank_phase.h"

namespace quiver::torture {

namespace {

constexpr std::size_t kHeldMax = 4;

}  // namespace

std::uint64_t BankView::sum() const {
  std::uint64_t total = 0;
  for (const AccountRow& row : rows) total += row.balance;
  return total;
}

bool BankView::SameRows(const BankView& other) const {
  for (std::uint32_t account = 0; account < kAccounts; ++account) {
    if (present[account] != other.present[account] ||
        rows[account].balance != other.rows[account].balance ||
        rows[account].version != other.rows[account].version) {
      return false;
    }
  }
  return true;
}

void BankReader::NoteLeast(BankView& view) const {
  for (std::uint32_t account = 0; account < kAccounts; ++account) {
    view.least[account] = page_.accounts[account].acknowledged.load();
  }
}

void BankReader::NoteMost(BankView& view) const {
  for (std::uint32_t account = 0; account < kAccounts; ++account) {
    view.most[account] = page_.accounts[account].issued.load();
  }
}

bool BankReader::Failed(const char* call, const Error& error) {
  if (error.code() != ErrorCode::kClosed) page_.Say(std::string(call) + ": " + error.ToString());
  return false;
}

bool BankReader::Put(BankView& view, std::uint32_t account, std::string_view bytes) {
  const std::optional<AccountRow> row = DecodeRow(account, bytes);
  if (!row) return page_.Say(AccountKey(account) + " holds a row that nobody wrote"), false;
  view.rows[account] = *row;
  view.present[account] = true;
  return true;
}

bool BankReader::ReadByKey(const Snapshot* snapshot, BankView& view) {
  how_ = "gets of a snapshot";
  for (std::uint32_t account = 0; account < kAccounts; ++account) {
    const auto found = database_.Get(AccountKey(account), {.snapshot = snapshot});
    if (!found) return Failed("Get", found.error());
    if (*found && !Put(view, account, (*found)->view())) return false;
  }
  return true;
}

bool BankReader::ReadAtOnce(const Snapshot* snapshot, BankView& view) {
  how_ = "MultiGet";
  std::vector<std::string> keys;
  for (std::uint32_t account = 0; account < kAccounts; ++account) {
    keys.push_back(AccountKey(account));
  }
  const std::vector<std::string_view> views(keys.begin(), keys.end());
  const auto found = database_.MultiGet(views, {.snapshot = snapshot});
  if (!found) return Failed("MultiGet", found.error());
  for (std::uint32_t account = 0; account < kAccounts; ++account) {
    const auto& value = (*found)[account];
    if (value && !Put(view, account, value->view())) return false;
  }
  return true;
}

bool BankReader::Walk(Iterator& cursor, bool forwards, BankView& view) {
  const bool slowly = random_.OneIn(16);
  for (forwards ? cursor.SeekToFirst() : cursor.SeekToLast(); cursor.Valid();
       forwards ? cursor.Next() : cursor.Prev()) {
    const std::optional<std::uint32_t> account = AccountOfKey(cursor.key());
    if (!account || view.present[*account]) {
      return page_.Say("an iterator shows a foreign key, or one twice"), false;
    }
    if (!Put(view, *account, cursor.value())) return false;
    if (slowly) std::this_thread::sleep_for(std::chrono::microseconds(random_.Below(400)));
  }
  if (const Result<void> ended = cursor.status(); !ended) return Failed("iterator", ended.error());
  return true;
}

bool BankReader::ReadByIterator(const Snapshot* snapshot, BankView& view) {
  auto cursor = database_.NewIterator({.prefix = "account", .snapshot = snapshot});
  if (!cursor) return Failed("NewIterator", cursor.error());
  NoteMost(view);  // its state is fixed; what follows it must not see
  if (random_.OneIn(4)) {
    std::this_thread::sleep_for(std::chrono::microseconds(random_.Below(8000)));
  }
  const bool forwards = random_.OneIn(2);
  how_ = forwards ? "an iterator forwards" : "an iterator backwards";
  if (!Walk(*cursor, forwards, view)) return false;
  if (!random_.OneIn(2)) return true;
  BankView back;
  if (!Walk(*cursor, !forwards, back)) return false;
  if (!back.SameRows(view)) {
    return page_.Say("an iterator shows other rows forwards than backwards"), false;
  }
  return true;
}

bool BankReader::ReadRows(const Snapshot* snapshot, BankView& view) {
  const std::uint64_t way = random_.Below(snapshot != nullptr ? 3 : 2);
  if (way == 0) return ReadAtOnce(snapshot, view);
  return way == 1 ? ReadByIterator(snapshot, view) : ReadByKey(snapshot, view);
}

bool BankReader::Judge(const BankView& view, const std::string& how) {
  page_.sums.fetch_add(1, std::memory_order_relaxed);
  std::string wrong;
  if (view.sum() != kTotal) {
    wrong = "the sum is " + std::to_string(view.sum()) + ", not " + std::to_string(kTotal);
  }
  for (std::uint32_t account = 0; wrong.empty() && account < kAccounts; ++account) {
    const std::uint64_t version = view.rows[account].version;
    // An account with nothing in it says no version.
    if (!view.present[account] || (version >= view.least[account] && version <= view.most[account]))
      continue;
    wrong = AccountKey(account) + " is at version " + std::to_string(version) + ", expected " +
            std::to_string(view.least[account]) + " to " + std::to_string(view.most[account]);
  }
  if (wrong.empty()) return true;
  wrong += ", read by " + how + ":";
  for (const AccountRow& row : view.rows) {
    wrong += " " + std::to_string(row.balance) + "@" + std::to_string(row.version);
  }
  return page_.Say(wrong), false;
}

std::optional<BankView> BankReader::ReadPresent() {
  BankView view;
  NoteLeast(view);
  NoteMost(view);
  if (!ReadByIterator(nullptr, view) || !Judge(view, how_)) return std::nullopt;
  return view;
}

bool BankReader::ReadOnce() {
  if (!held_.empty() && random_.OneIn(3)) {
    const std::size_t index = random_.Below(held_.size());
    BankView again = held_[index].view;
    again.rows = {};
    again.present = {};
    const auto most = again.most;
    if (!ReadRows(&held_[index].snapshot, again)) return false;
    again.most = most;
    page_.sums_of_old_snapshots.fetch_add(1, std::memory_order_relaxed);
    if (!Judge(again, how_ + " of an old snapshot")) return false;
    if (!again.SameRows(held_[index].view)) {
      return page_.Say("a snapshot changed, read by " + how_), false;
    }
    if (random_.OneIn(4)) held_.erase(held_.begin() + static_cast<std::ptrdiff_t>(index));
    return true;
  }
  BankView view;
  NoteLeast(view);
  if (random_.OneIn(2)) {
    if (!ReadRows(nullptr, view)) return false;
    if (how_ == "MultiGet") NoteMost(view);
    return Judge(view, how_);
  }
  Result<Snapshot> snapshot = database_.NewSnapshot();
  if (!snapshot) return Failed("NewSnapshot", snapshot.error());
  NoteMost(view);
  const auto most = view.most;
  if (!ReadRows(&*snapshot, view)) return false;
  view.most = most;
  if (!Judge(view, how_ + " of a new snapshot")) return false;
  if (held_.size() == kHeldMax) held_.pop_front();
  held_.push_back({*std::move(snapshot), view});
  return true;
}

}  // namespace quiver::torture
