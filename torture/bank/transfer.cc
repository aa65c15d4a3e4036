#include "bank/transfer.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

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

}  // namespace quiver::torture
