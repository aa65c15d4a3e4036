// Iterator::Impl over sources in columns against a map of what a snapshot shows: long walks that
// turn round anywhere, in and out of spans.
#include "db/db_iterator.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <utility>

#include "base/random.h"
#include "io/clock.h"
#include "iterator/merging_iterator.h"
#include "iterator/vector_iterator.h"
#include "testing/blocks_iterator.h"
#include "testing/seed.h"

namespace quiver {
namespace {

using Rows = std::map<std::string, std::string>;

std::string Key(std::uint64_t number) {
  return "key" + std::to_string(1000 + number);
}

struct History {
  std::vector<OwnedEntry> entries;
  SequenceNumber snapshot = 0;

  Rows Shown() const {
    std::map<std::string, const OwnedEntry*> newest;
    for (const OwnedEntry& entry : entries) {
      const OwnedEntry*& place = newest[entry.key];
      if (entry.sequence > snapshot || (place != nullptr && place->sequence > entry.sequence)) {
        continue;
      }
      place = &entry;
    }
    Rows rows;
    for (const auto& [key, entry] : newest) {
      if (entry != nullptr && entry->operation == Operation::kPut) rows[key] = entry->value;
    }
    return rows;
  }
};

// Mostly one version a key; deletes, later writes and versions beside each other in between.
History RandomHistory(Random& random) {
  History history;
  SequenceNumber sequence = 0;
  const std::uint64_t keys = 1 + random.Below(200);
  for (std::uint64_t i = 0; i < keys; ++i) {
    const std::uint64_t versions = random.OneIn(10) ? 1 + random.Below(4) : 1;
    for (std::uint64_t version = 0; version < versions; ++version) {
      OwnedEntry entry{Key(i), "v" + std::to_string(i * 7 + version), ++sequence};
      if (random.OneIn(25)) entry.operation = Operation::kDelete;
      history.entries.push_back(std::move(entry));
    }
  }
  history.snapshot = random.OneIn(3) ? random.Below(sequence + 1) : sequence;
  return history;
}

// Stretches that belong to one source, as after compactions, or entries scattered over them.
std::unique_ptr<InternalIterator> Sources(Random& random, const History& history) {
  std::vector<OwnedEntry> all = history.entries;
  std::sort(all.begin(), all.end(), [](const OwnedEntry& a, const OwnedEntry& b) {
    return CompareEntry(a.key, a.sequence, b.key, b.sequence) < 0;
  });
  std::vector<std::vector<OwnedEntry>> parts(1 + random.Below(3));
  const std::uint64_t stretch = random.OneIn(4) ? 2 : 40;
  std::size_t owner = 0;
  for (const OwnedEntry& entry : all) {
    if (random.OneIn(stretch)) owner = random.Below(parts.size());
    parts[owner].push_back(entry);
  }
  std::vector<std::unique_ptr<InternalIterator>> sources;
  for (auto& part : parts) {
    sources.push_back(
        std::make_unique<testing::BlocksIterator>(std::move(part), 1 + random.Below(60)));
  }
  return NewMergingIterator(std::move(sources));
}

struct Walk {
  Iterator::Impl& iterator;
  const Rows& rows;
  Rows::const_iterator at;

  void Check() const {
    ASSERT_TRUE(iterator.status().ok());
    ASSERT_EQ(iterator.Valid(), at != rows.end());
    if (at == rows.end()) return;
    ASSERT_EQ(iterator.key(), at->first);
    ASSERT_EQ(iterator.value(), at->second);
  }
  void Move(bool forward) {
    forward ? iterator.Next() : iterator.Prev();
    if (!forward && at == rows.begin()) {
      at = rows.end();
    } else {
      forward ? ++at : --at;
    }
    Check();
  }
  void Seek(Random& random) {
    const std::string target = Key(random.Below(205));
    switch (random.Below(4)) {
      case 0:
        iterator.SeekToFirst();
        at = rows.begin();
        break;
      case 1:
        iterator.SeekToLast();
        at = rows.empty() ? rows.end() : std::prev(rows.end());
        break;
      case 2:
        iterator.Seek(target);
        at = rows.lower_bound(target);
        break;
      default:
        iterator.SeekForPrev(target);
        at = rows.upper_bound(target);
        at = at == rows.begin() ? rows.end() : std::prev(at);
    }
    Check();
  }
};

TEST(DbIteratorTest, WalksThatTurnRoundAnywhereShowWhatTheSnapshotShows) {
  Random random(testing::TestSeed(81));
  const std::atomic<bool> closed = false;
  const auto metrics = std::make_unique<EngineMetrics>();
  for (int round = 0; round < 2000 && !::testing::Test::HasFatalFailure(); ++round) {
    const History history = RandomHistory(random);
    Rows rows = history.Shown();
    IteratorOptions options;
    if (random.OneIn(3)) {
      options.lower_bound = Key(random.Below(205));
      rows.erase(rows.begin(), rows.lower_bound(*options.lower_bound));
    }
    if (random.OneIn(3)) {
      options.upper_bound = Key(random.Below(205));
      rows.erase(rows.lower_bound(*options.upper_bound), rows.end());
    }
    Iterator::Impl::Source source;
    source.merged = Sources(random, history);
    source.sequence = history.snapshot;
    source.closed = &closed;
    source.metrics = metrics.get();
    Iterator::Impl iterator(std::move(source), options);
    Walk walk{iterator, rows, rows.end()};
    bool forward = false;
    for (int move = 0; move < 300 && !::testing::Test::HasFatalFailure(); ++move) {
      if (walk.at == rows.end() || random.OneIn(100)) {
        walk.Seek(random);
        forward = random.OneIn(2);
        continue;
      }
      if (random.OneIn(20)) forward = !forward;
      walk.Move(forward);
    }
  }
}

}  // namespace
}  // namespace quiver
