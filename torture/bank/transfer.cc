#include "bank/transfer.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "base/random.h"

namespace quiver::torture {

namespace {

constexpr std::size_t kKeyDigits = 4;

// Under the account's lock nobody else writes: the row is the one written last.
bool ReadBalance(Database& database, BankPage& page, std::uint32_t account, AccountRow& row) {
  const auto found = database.Get(AccountKey(account));
  if (!found) {
    if (found.error().code() != ErrorCode::kClosed) page.Say("Get: " + found.error().ToString());
    return false;
  }
  const BankPage::Account& known = page.accounts[account];
  row = {0, known.acknowledged.load(std::memory_order_relaxed)};
  if (*found) {
    const std::optional<AccountRow> stored = DecodeRow(account, (*found)->view());
    if (!stored) return page.Say(AccountKey(account) + " holds a row that nobody wrote"), false;
    if (stored->version != row.version) {
      return page.Say(AccountKey(account) + " is at version " + std::to_string(stored->version) +
                      ", but " + std::to_string(row.version) + " was acknowledged"),
             false;
    }
    row = *stored;
  }
  if (row.balance != known.balance.load(std::memory_order_relaxed)) {
    return page.Say(AccountKey(account) + " holds " + std::to_string(row.balance) + ", but " +
                    std::to_string(known.balance.load()) + " was acknowledged"),
           false;
  }
  return true;
}

Result<void> AddRow(WriteBatch& batch, std::uint32_t account, const AccountRow& row) {
  const std::string key = AccountKey(account);
  return row.balance == 0 ? batch.Delete(key) : batch.Put(key, EncodeRow(account, row));
}

}  // namespace

std::string AccountKey(std::uint32_t account) {
  std::array<char, 24> text{};
  std::snprintf(text.data(), text.size(), "account%04u", account);
  return text.data();
}

std::optional<std::uint32_t> AccountOfKey(std::string_view key) {
  const std::string digits(key.size() < kKeyDigits ? key : key.substr(key.size() - kKeyDigits));
  const auto account = static_cast<std::uint32_t>(std::strtoul(digits.c_str(), nullptr, 10));
  if (account >= kAccounts || AccountKey(account) != key) return std::nullopt;
  return account;
}

std::string EncodeRow(std::uint32_t account, const AccountRow& row) {
  std::string bytes = std::to_string(row.balance) + " " + std::to_string(row.version) + " ";
  Random random(account * std::uint64_t{1'000'003} + row.version);
  for (std::uint64_t pad = 8 + random.Below(random.OneIn(32) ? 3000 : 160); pad > 0; --pad) {
    bytes.push_back(static_cast<char>('a' + random.Below(26)));
  }
  return bytes;
}

std::optional<AccountRow> DecodeRow(std::uint32_t account, std::string_view bytes) {
  const std::string text(bytes);
  AccountRow row;
  char* end = nullptr;
  row.balance = std::strtoull(text.c_str(), &end, 10);
  row.version = std::strtoull(end, &end, 10);
  if (EncodeRow(account, row) != text) return std::nullopt;
  return row;
}

bool TransferUnderLocks(Database& database, AccountLocks& locks, BankPage& page,
                        const TransferOrder& order) {
  MutexLock first(locks[std::min(order.from, order.to)]);
  MutexLock second(locks[std::max(order.from, order.to)]);
  AccountRow from;
  AccountRow to;
  if (!ReadBalance(database, page, order.from, from)) return false;
  if (!ReadBalance(database, page, order.to, to)) return false;
  const std::uint64_t amount = std::min(order.amount, from.balance);
  from = {from.balance - amount, from.version + 1};
  to = {to.balance + amount, to.version + 1};
  WriteBatch batch;
  if (!AddRow(batch, order.from, from) || !AddRow(batch, order.to, to)) {
    return page.Say("a batch takes no row"), false;
  }
  BankPage::Account& payer = page.accounts[order.from];
  BankPage::Account& payee = page.accounts[order.to];
  payer.issued.store(from.version);
  payee.issued.store(to.version);
  const Result<SequenceNumber> done = database.Write(batch, order.options);
  if (!done) {
    const ErrorCode code = done.error().code();
    if (code != ErrorCode::kClosed && code != ErrorCode::kBusy) {
      page.Say("Write: " + done.error().ToString());
    }
    return false;
  }
  payer.balance.store(from.balance);
  payer.acknowledged.store(from.version);
  payee.balance.store(to.balance);
  payee.acknowledged.store(to.version);
  page.transfers.fetch_add(1, std::memory_order_relaxed);
  return true;
}

namespace {

// An account without a row has nothing; no version of it above what was issued was ever written.
bool ReadRow(Transaction& transaction, BankPage& page, std::uint32_t account, AccountRow& row) {
  const auto found = transaction.Get(AccountKey(account));
  if (!found) {
    if (found.error().code() != ErrorCode::kClosed) page.Say("Get: " + found.error().ToString());
    return false;
  }
  row = {0, page.accounts[account].issued.load()};
  if (!*found) return true;
  const std::optional<AccountRow> stored = DecodeRow(account, **found);
  if (!stored) return page.Say(AccountKey(account) + " holds a row that nobody wrote"), false;
  row = *stored;
  return true;
}

Result<void> WriteRow(Transaction& transaction, std::uint32_t account, const AccountRow& row) {
  const std::string key = AccountKey(account);
  return row.balance == 0 ? transaction.Delete(key) : transaction.Put(key, EncodeRow(account, row));
}

bool SumIsRight(Transaction& transaction, BankPage& page) {
  auto cursor = transaction.NewIterator({.prefix = "account"});
  if (!cursor) {
    if (cursor.error().code() != ErrorCode::kClosed) page.Say(cursor.error().ToString());
    return false;
  }
  std::uint64_t total = 0;
  for (cursor->SeekToFirst(); cursor->Valid(); cursor->Next()) {
    const std::optional<std::uint32_t> account = AccountOfKey(cursor->key());
    const auto row = account ? DecodeRow(*account, cursor->value()) : std::nullopt;
    if (!row) return page.Say("a transaction's iterator shows what nobody wrote"), false;
    total += row->balance;
  }
  if (const Result<void> ended = cursor->status(); !ended) {
    if (ended.error().code() != ErrorCode::kClosed) page.Say(ended.error().ToString());
    return false;
  }
  if (total == kTotal) return true;
  return page.Say("a transaction sums " + std::to_string(total) + " with its own transfer in it"),
         false;
}

void RaiseTo(std::atomic<std::uint64_t>& value, std::uint64_t least) {
  std::uint64_t now = value.load();
  while (now < least && !value.compare_exchange_weak(now, least)) {
  }
}

// Commits of one account may come to the page out of order: the newest stays.
void Acknowledge(AccountLocks& locks, BankPage& page, std::uint32_t account,
                 const AccountRow& row) {
  MutexLock lock(locks[account]);
  BankPage::Account& known = page.accounts[account];
  if (known.acknowledged.load() >= row.version) return;
  known.balance.store(row.balance);
  known.acknowledged.store(row.version);
}

}  // namespace

bool TransferByTransaction(Database& database, AccountLocks& locks, BankPage& page,
                           const TransferOrder& order, Isolation isolation, bool sums) {
  auto transaction = database.BeginTransaction({.isolation = isolation});
  if (!transaction) {
    if (transaction.error().code() != ErrorCode::kClosed) page.Say(transaction.error().ToString());
    return false;
  }
  AccountRow from;
  AccountRow to;
  if (!ReadRow(*transaction, page, order.from, from)) return false;
  if (!ReadRow(*transaction, page, order.to, to)) return false;
  const std::uint64_t amount = std::min(order.amount, from.balance);
  from = {from.balance - amount, from.version + 1};
  to = {to.balance + amount, to.version + 1};
  for (const auto& [account, row] : {std::pair(order.from, from), std::pair(order.to, to)}) {
    if (const Result<void> written = WriteRow(*transaction, account, row); !written) {
      if (written.error().code() != ErrorCode::kClosed) page.Say(written.error().ToString());
      return false;
    }
    RaiseTo(page.accounts[account].issued, row.version);
  }
  if (sums && !SumIsRight(*transaction, page)) return false;
  const Result<SequenceNumber> done = transaction->Commit(order.options);
  if (!done) {
    const ErrorCode code = done.error().code();
    if (code == ErrorCode::kConflict) {
      page.conflicts.fetch_add(1, std::memory_order_relaxed);
    } else if (code != ErrorCode::kClosed && code != ErrorCode::kBusy) {
      page.Say("Commit: " + done.error().ToString());
    }
    return false;
  }
  Acknowledge(locks, page, order.from, from);
  Acknowledge(locks, page, order.to, to);
  page.transactions.fetch_add(1, std::memory_order_relaxed);
  return true;
}

}  // namespace quiver::torture
