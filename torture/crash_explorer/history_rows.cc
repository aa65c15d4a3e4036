// What a keyspace holds, row by row, against its history; and the history of what was salvaged.
#include <algorithm>
#include <cstdlib>

#include "crash_explorer/history.h"
#include "testing/engine_harness.h"

namespace quiver::torture {

namespace {

std::string Shown(std::string_view value) {
  return std::string(value.substr(0, 80));
}

std::string ShownOrNothing(const std::optional<std::string>& value) {
  return value ? Shown(*value) : std::string("nothing");
}

std::string CheckScan(const Engine& engine, const Keyspace& handle,
                      const testing::EntryModel::Rows& expected) {
  Result<Iterator> rows = engine.NewIterator({.keyspace = &handle});
  if (!rows) return "cannot scan: " + rows.error().ToString();
  rows->SeekToFirst();
  for (const auto& [key, value] : expected) {
    if (!rows->Valid()) {
      const Result<void> status = rows->status();
      return "the scan ends before " + key + (status ? "" : ": " + status.error().ToString());
    }
    if (rows->key() != key || rows->value() != value) {
      return "the scan shows " + std::string(rows->key()) + " = " + Shown(rows->value()) +
             ", expected " + key + " = " + Shown(value);
    }
    rows->Next();
  }
  if (rows->Valid()) {
    return "a row too many: " + std::string(rows->key()) + " = " + Shown(rows->value());
  }
  const Result<void> status = rows->status();
  return status ? "" : "the scan ends with " + status.error().ToString();
}

Result<std::optional<std::string>> GetOne(const Engine& engine, const Keyspace& handle,
                                          std::string_view key) {
  const EpochGuard guard(engine.core().epochs);
  TableAnswer found;
  const Result<bool> hit = engine.Get(key, {.keyspace = &handle}, /*want_pin=*/false, found);
  if (!hit) return hit.error();
  if (!*hit) return std::optional<std::string>();
  return std::optional<std::string>(found.answer.value);
}

}  // namespace

SequenceNumber History::Droppable(const Engine& engine, const KnownKeyspace& keyspace) const {
  DropMoment now = moment_();
  now.wall_us = engine.WallMicros();
  now.table_bytes += further_table_bytes_;
  return drops_.Newest(keyspace.config, now);
}

std::string History::CheckRows(const Engine& engine, const KnownKeyspace& keyspace,
                               const Keyspace& handle, SequenceNumber last) const {
  const testing::EntryModel::Doubts doubts{Droppable(engine, keyspace), lost_};
  if (doubts.droppable != 0 || !doubts.lost.empty()) {
    return CheckDoubtfulRows(engine, keyspace, handle, last, doubts);
  }
  const std::uint64_t now_us = engine.WallMicros();
  const testing::EntryModel::Rows expected = keyspace.entries.At(last, now_us);
  std::string wrong = CheckScan(engine, handle, expected);
  if (!wrong.empty()) return wrong;
  for (const std::string_view key : keyspace.entries.Keys()) {
    const auto found = GetOne(engine, handle, key);
    if (!found) return "cannot get " + std::string(key) + ": " + found.error().ToString();
    const auto wanted = expected.find(key);
    const bool exists = wanted != expected.end();
    if (found->has_value() == exists && (!exists || **found == wanted->second)) continue;
    return "get answers " + ShownOrNothing(*found) + ", expected " +
           (exists ? Shown(wanted->second) : std::string("nothing")) + "; " +
           keyspace.entries.Describe(key, now_us);
  }
  return {};
}

// Each key shows one of the answers that its history allows, and a scan shows the same.
std::string History::CheckDoubtfulRows(const Engine& engine, const KnownKeyspace& keyspace,
                                       const Keyspace& handle, SequenceNumber last,
                                       const testing::EntryModel::Doubts& doubts) const {
  const std::uint64_t now_us = engine.WallMicros();
  testing::EntryModel::Rows shown;
  for (const std::string_view key : keyspace.entries.Keys()) {
    const auto found = GetOne(engine, handle, key);
    if (!found) return "cannot get " + std::string(key) + ": " + found.error().ToString();
    const auto allowed = keyspace.entries.ValuesAt(key, last, now_us, doubts);
    if (std::ranges::find(allowed, *found) == allowed.end()) {
      return "get answers " + ShownOrNothing(*found) + ", expected " +
             ShownOrNothing(allowed.front()) + ", or less: fifo may have dropped all up to " +
             std::to_string(doubts.droppable) + "; " + keyspace.entries.Describe(key, now_us);
    }
    if (*found != allowed.front()) ++lesser_answers_;
    if (*found) shown.emplace(key, **found);
  }
  return CheckScan(engine, handle, shown);
}

// A salvage says "sequences A to B are lost" for each hole in the log. What is said to be lost may
// be in a table all the same, if its keyspace was flushed.
Result<History> History::Without(const std::vector<std::string>& losses) const {
  constexpr std::string_view kFrom = "sequences ";
  constexpr std::string_view kLost = " are lost";
  History salvaged = *this;
  for (const std::string& loss : losses) {
    for (std::size_t at = loss.find(kFrom); at != std::string::npos; at = loss.find(kFrom, at)) {
      at += kFrom.size();
      char* end = nullptr;
      const SequenceNumber first = std::strtoull(loss.c_str() + at, &end, 10);
      if (!std::string_view(end).starts_with(" to ")) continue;
      const SequenceNumber last = std::strtoull(end + 4, &end, 10);
      if (!std::string_view(end).starts_with(kLost)) continue;
      const bool whole = std::ranges::all_of(writes_, [&](const Write& write) {
        return write.last < first || write.first > last ||
               (write.first >= first && write.last <= last);
      });
      if (!whole || first <= floor_) {
        return Error(ErrorCode::kInternal, "a salvage lost what it may not lose: " + loss);
      }
      salvaged.lost_.emplace_back(first, last);
    }
  }
  return salvaged;
}

}  // namespace quiver::torture
