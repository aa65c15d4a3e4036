// Round's questions to the database. See round.h.
#include <algorithm>

#include "base/hash.h"
#include "base/try.h"
#include "model/round.h"

namespace quiver::torture {

namespace {

constexpr std::size_t kIteratorsMax = 3;
constexpr std::size_t kValuesMax = 32;
constexpr std::size_t kKeysShown = 40;

// A key as a FAIL line can carry it.
std::string Shown(std::string_view key) {
  std::string shown;
  for (const char byte : key.substr(0, kKeysShown)) {
    constexpr char kDigits[] = "0123456789abcdef";
    shown += kDigits[static_cast<unsigned char>(byte) >> 4];
    shown += kDigits[static_cast<unsigned char>(byte) & 15];
  }
  return "0x" + shown + (key.size() > kKeysShown ? "..." : "");
}

Error Difference(std::string what) {
  return {ErrorCode::kInternal, std::move(what)};
}

}  // namespace

void Round::Digest(std::string_view bytes) {
  std::uint64_t word = bytes.size();
  for (std::size_t i = 0; i < std::min<std::size_t>(bytes.size(), 8); ++i) {
    word = word << 8 ^ static_cast<unsigned char>(bytes[i]);
  }
  digest_ = (digest_ ^ word) * 0x9E3779B97F4A7C15ULL;
  digest_ ^= digest_ >> 29;
}

// Half of the reads look at a snapshot, if one is held.
Round::State Round::AnyState() {
  if (snapshots_.empty() || random_.OneIn(2)) return {nullptr, model_.now()};
  const HeldSnapshot& held = snapshots_[random_.Below(snapshots_.size())];
  return {&held.snapshot, held.time};
}

// A key, or a string right behind one, or the beginning of one.
std::string Round::AnyTarget() {
  std::string target = rows_.key(AnyRank());
  const std::uint64_t dice = random_.Below(8);
  if (dice == 0) target += '\0';
  if (dice == 1) target.resize(random_.Below(target.size() + 1));
  return target;
}

Result<void> Round::CheckValue(std::string_view key, Stamp expected,
                               const std::optional<std::string_view>& found) {
  ++tally_.comparisons;
  Digest(found ? *found : std::string_view("absent"));
  if (found.has_value() == (expected != kAbsent) && (!found || rows_.IsValue(expected, *found))) {
    return {};
  }
  return Difference("key " + Shown(key) + ": expected " +
                    (expected == kAbsent ? "nothing" : "value " + std::to_string(expected)) +
                    ", found " + (found ? Shown(*found) : "nothing"));
}

Result<void> Round::Get() {
  const State state = AnyState();
  const bool exact = !random_.OneIn(20);
  const std::string target = exact ? std::string() : AnyTarget();
  const std::string_view key = exact ? std::string_view(rows_.key(AnyRank())) : target;
  const std::uint32_t rank = rows_.LowerBound(key);
  const bool known = rank < rows_.key_count() && rows_.key(rank) == key;
  const bool want_pin = random_.OneIn(16);
  const ReadOptions options{.snapshot = state.snapshot, .fill_cache = !random_.OneIn(8)};

  const EpochGuard guard(subject_.engine().core().epochs);
  TableAnswer found;
  QUIVER_ASSIGN_OR_RETURN(const bool hit, subject_.engine().Get(key, options, want_pin, found));
  std::optional<std::string_view> value;
  if (hit) value = found.answer.value;
  return CheckValue(key, known ? model_.At(rank, state.time) : kAbsent, value);
}

Result<void> Round::MultiGet() {
  const State state = AnyState();
  std::vector<std::uint32_t> ranks(random_.Below(random_.OneIn(4) ? 80 : 24));
  std::vector<std::string_view> keys;
  for (std::uint32_t& rank : ranks) {
    rank = AnyRank();
    keys.push_back(rows_.key(rank));
  }
  QUIVER_ASSIGN_OR_RETURN(const auto found,
                          subject_.engine().MultiGet(keys, {.snapshot = state.snapshot}));
  for (std::size_t i = 0; i < keys.size(); ++i) {
    std::optional<std::string_view> value;
    if (found[i]) value = found[i]->view();
    const Stamp stamp = model_.At(ranks[i], state.time);
    QUIVER_TRY(CheckValue(keys[i], stamp, value));
    if (value && random_.OneIn(8)) values_.push_back({*found[i], stamp});
  }
  while (values_.size() > kValuesMax) values_.pop_front();
  return {};
}

Result<void> Round::CheckHeldValues() {
  for (const HeldValue& held : values_) {
    ++tally_.comparisons;
    if (rows_.IsValue(held.stamp, held.value.view())) continue;
    return Difference("a pinned value changed; it was value " + std::to_string(held.stamp));
  }
  return {};
}

// --- iterators

Round::Range Round::AnyRange(IteratorOptions& options) {
  Range range{0, rows_.key_count()};
  const std::uint64_t dice = random_.Below(16);
  if ((dice & 1) != 0) {
    options.lower_bound = AnyTarget();
    range.begin = rows_.LowerBound(*options.lower_bound);
  }
  if ((dice & 2) != 0) {
    options.upper_bound = AnyTarget();
    range.end = rows_.LowerBound(*options.upper_bound);
  }
  if (dice >= 12) {
    options.prefix = rows_.key(AnyRank()).substr(0, random_.Below(5));
    range.begin = std::max(range.begin, rows_.LowerBound(options.prefix));
    range.end = std::min(range.end, rows_.PrefixEnd(options.prefix));
  }
  options.fill_cache = !random_.OneIn(8);
  range.end = std::max(range.begin, range.end);
  return range;
}

Result<void> Round::CheckPosition(const HeldIterator& held) {
  const Iterator& iterator = held.iterator;
  ++tally_.comparisons;
  const bool expected = held.at != VersionModel::kNowhere;
  Digest(iterator.Valid() ? iterator.key() : std::string_view("end"));
  if (iterator.Valid() != expected) {
    return Difference(expected ? "an iterator ends before key " + Shown(rows_.key(held.at))
                               : "an iterator stands on key " + Shown(iterator.key()) +
                                     " instead of at the end");
  }
  if (!expected) return {};
  if (iterator.key() != rows_.key(held.at)) {
    return Difference("an iterator stands on key " + Shown(iterator.key()) + " instead of " +
                      Shown(rows_.key(held.at)));
  }
  return CheckValue(iterator.key(), model_.At(held.at, held.time), iterator.value());
}

// A step of an iterator and of its place in the model, or so many that whole blocks are walked
// over.
Result<void> Round::Stretch(HeldIterator& held, bool forward) {
  const auto [begin, end] = held.range;
  std::uint64_t moves = random_.OneIn(6) ? 1 + random_.Below(80) : 1;
  for (; moves > 0 && held.at != VersionModel::kNowhere; --moves) {
    if (forward) {
      held.iterator.Next();
      held.at = model_.FirstLive(held.at + 1, end, held.time);
    } else {
      held.iterator.Prev();
      held.at = model_.LastLive(begin, held.at, held.time);
    }
    QUIVER_TRY(held.iterator.status());
    QUIVER_TRY(CheckPosition(held));
  }
  return {};
}

// One move of an iterator and of its place in the model.
Result<void> Round::Move(HeldIterator& held) {
  const auto [begin, end] = held.range;
  const std::uint64_t dice = random_.Below(16);
  if (dice < 8) return Stretch(held, /*forward=*/dice < 5);
  if (dice == 8) {
    held.iterator.SeekToFirst();
    held.at = model_.FirstLive(begin, end, held.time);
  } else if (dice == 9) {
    held.iterator.SeekToLast();
    held.at = model_.LastLive(begin, end, held.time);
  } else if (dice < 13) {
    const std::string target = AnyTarget();
    held.iterator.Seek(target);
    held.at = model_.FirstLive(std::max(begin, rows_.LowerBound(target)), end, held.time);
  } else {
    const std::string target = AnyTarget();
    held.iterator.SeekForPrev(target);
    held.at = model_.LastLive(begin, std::min(end, rows_.UpperBound(target)), held.time);
  }
  QUIVER_TRY(held.iterator.status());
  return CheckPosition(held);
}

Result<void> Round::Walk() {
  const State state = AnyState();
  IteratorOptions options;
  options.snapshot = state.snapshot;
  const Range range = AnyRange(options);
  QUIVER_ASSIGN_OR_RETURN(Iterator iterator, subject_.engine().NewIterator(options));
  HeldIterator held{std::move(iterator), range, state.time, VersionModel::kNowhere};
  for (std::uint64_t moves = 1 + random_.Below(12); moves > 0; --moves) QUIVER_TRY(Move(held));
  return {};
}

Result<void> Round::HoldIterator() {
  if (iterators_.size() == kIteratorsMax) iterators_.pop_front();
  const State state = AnyState();
  IteratorOptions options;
  options.snapshot = state.snapshot;
  const Range range = AnyRange(options);
  QUIVER_ASSIGN_OR_RETURN(Iterator iterator, subject_.engine().NewIterator(options));
  iterators_.push_back({std::move(iterator), range, state.time, VersionModel::kNowhere});
  return {};
}

// It sees the state of when it was made, whatever was written, flushed and merged since, and what
// it showed before is there until it moves.
Result<void> Round::MoveHeldIterator() {
  if (iterators_.empty()) return HoldIterator();
  HeldIterator& held = iterators_[random_.Below(iterators_.size())];
  QUIVER_TRY(CheckPosition(held));
  for (int moves = 0; moves < 4; ++moves) QUIVER_TRY(Move(held));
  return {};
}

// --- whole scans

Result<std::uint64_t> Round::Scan(const State& state, bool thorough) {
  ++tally_.scans;
  IteratorOptions options;
  options.snapshot = state.snapshot;
  QUIVER_ASSIGN_OR_RETURN(Iterator iterator, subject_.engine().NewIterator(options));
  HeldIterator held{std::move(iterator), {0, rows_.key_count()}, state.time, 0};
  std::vector<std::uint64_t> forward;
  std::vector<std::uint32_t> live;
  held.iterator.SeekToFirst();
  while (true) {
    held.at = model_.FirstLive(live.empty() ? 0 : live.back() + 1, rows_.key_count(), state.time);
    QUIVER_TRY(CheckPosition(held));
    if (held.at == VersionModel::kNowhere) break;
    live.push_back(held.at);
    forward.push_back(
        Checksum(held.iterator.value(), Checksum(held.iterator.key(), forward.size())));
    held.iterator.Next();
  }
  QUIVER_TRY(held.iterator.status());
  std::uint64_t digest = forward.size();
  for (const std::uint64_t row : forward) digest = (digest ^ row) * 0x9E3779B97F4A7C15ULL;
  if (!thorough) return digest;

  std::size_t left = forward.size();
  for (held.iterator.SeekToLast(); held.iterator.Valid() && left > 0; held.iterator.Prev()) {
    --left;
    if (Checksum(held.iterator.value(), Checksum(held.iterator.key(), left)) != forward[left]) {
      return Difference("a scan backward differs from forward at key " +
                        Shown(held.iterator.key()));
    }
  }
  QUIVER_TRY(held.iterator.status());
  if (held.iterator.Valid() || left != 0) {
    return Difference("a scan backward has not as many rows as forward");
  }
  const std::vector<std::string_view> keys = [this] {
    std::vector<std::string_view> all;
    for (std::uint32_t rank = 0; rank < rows_.key_count(); ++rank) all.push_back(rows_.key(rank));
    return all;
  }();
  QUIVER_ASSIGN_OR_RETURN(const auto got,
                          subject_.engine().MultiGet(keys, {.snapshot = state.snapshot}));
  std::size_t next = 0;
  for (std::uint32_t rank = 0; rank < rows_.key_count(); ++rank) {
    const bool scanned = next < live.size() && live[next] == rank;
    if (got[rank].has_value() != scanned ||
        (scanned && Checksum(got[rank]->view(), Checksum(keys[rank], next)) != forward[next])) {
      return Difference("a get differs from the scan at key " + Shown(keys[rank]));
    }
    next += scanned ? 1 : 0;
  }
  tally_.relations += forward.size() + rows_.key_count();
  return digest;
}

Result<void> Round::CheckShadow(const testing::Model& shadow, Time time) {
  ++tally_.model_checks;
  auto at = shadow.begin();
  for (std::uint32_t rank = 0; rank < rows_.key_count(); ++rank) {
    const Stamp stamp = model_.At(rank, time);
    if (stamp == kAbsent) continue;
    if (at == shadow.end() || at->first != rows_.key(rank) || !rows_.IsValue(stamp, at->second)) {
      return Difference("the model differs from a std::map at key " + Shown(rows_.key(rank)));
    }
    ++at;
  }
  if (at != shadow.end()) return Difference("the model lacks rows of a std::map");
  return {};
}

}  // namespace quiver::torture
