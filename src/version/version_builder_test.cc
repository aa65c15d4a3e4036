#include "version/version_builder.h"

#include <gtest/gtest.h>

namespace quiver {
namespace {

VersionEdit::AddedTable Added(std::uint32_t level, RunNumber run, FileNumber number,
                              std::string_view smallest, std::string_view largest,
                              SequenceNumber sequence = 1) {
  VersionEdit::AddedTable table{0, level, run, {}};
  table.summary.number = number;
  table.summary.size_bytes = 100;
  table.summary.entry_count = 10;
  table.summary.smallest_sequence = sequence;
  table.summary.largest_sequence = sequence;
  table.summary.smallest_key = smallest;
  table.summary.largest_key = largest;
  return table;
}

VersionEdit Adding(std::vector<VersionEdit::AddedTable> tables) {
  VersionEdit edit;
  edit.added = std::move(tables);
  return edit;
}

VersionRef Build(const std::vector<VersionEdit>& edits) {
  VersionBuilder builder;
  for (const VersionEdit& edit : edits) {
    const auto applied = builder.Apply(edit);
    EXPECT_TRUE(applied.ok()) << applied.error().ToString();
  }
  return std::move(builder).Build();
}

TEST(VersionBuilder, OrdersRunsByAgeAndTablesByKeyWhateverTheOrderOfTheEdit) {
  const VersionRef version = Build(
      {Adding({Added(1, 4, 10, "m", "z"), Added(1, 7, 11, "a", "c", 2), Added(1, 4, 12, "a", "f"),
               Added(0, 9, 13, "b", "y"), Added(1, 4, 14, "g", "l")})});
  ASSERT_TRUE(version->Validate().ok());
  ASSERT_EQ(version->levels().size(), 2U);
  EXPECT_EQ(version->level(1).runs[0].number, 7U);
  const SortedRun& run = version->level(1).runs[1];
  ASSERT_EQ(run.tables.size(), 3U);
  EXPECT_EQ(run.tables[0]->summary.number, 12U);
  EXPECT_EQ(run.tables[1]->summary.number, 14U);
  EXPECT_EQ(run.tables[2]->summary.number, 10U);
  EXPECT_EQ(version->table_count(), 5U);
  EXPECT_EQ(version->run_count(), 3U);
  EXPECT_EQ(version->entry_count(), 50U);
  EXPECT_EQ(version->size_bytes(), 500U);
  EXPECT_EQ(version->deepest_level(), 1U);
  EXPECT_TRUE(version->level(9).runs.empty());
}

// So many that a search and a shift for each would take half a minute.
TEST(VersionBuilder, TakesThousandsOfRangeDeletesOutInOneEdit) {
  constexpr SequenceNumber kCount = 100'000;
  const auto range = [](SequenceNumber sequence) {
    const std::string begin = std::to_string(kCount + sequence);  // none over another
    return VersionEdit::KeyspaceRangeDelete{0, {begin, begin + "x", sequence / 2}};
  };
  VersionEdit adding;
  VersionEdit removing;
  std::vector<RangeDelete> left;
  for (SequenceNumber i = 0; i < kCount; ++i) {  // two of each sequence
    adding.added_range_deletes.push_back(range(i));
    if (i % 3 == 0) {
      removing.removed_range_deletes.push_back(range(i));
    } else {
      left.push_back(range(i).range);
    }
  }
  EXPECT_EQ(Build({adding, removing})->range_deletes()->all(), left);
  VersionBuilder builder;
  ASSERT_TRUE(builder.Apply(adding).ok());
  ASSERT_TRUE(builder.Apply(removing).ok());
  const auto again = builder.Apply(removing);
  ASSERT_FALSE(again.ok());
  EXPECT_NE(again.error().message().find("is to go but is not there"), std::string::npos);
}

TEST(VersionBuilder, KeepsTheTableFileOfATableThatOnlyMoves) {
  const VersionRef before = Build({Adding({Added(0, 3, 10, "a", "c")})});
  VersionEdit move = Adding({Added(2, 5, 10, "a", "c")});
  move.removed.push_back({0, 0, 3, 10});
  VersionBuilder builder(*before);
  ASSERT_TRUE(builder.Apply(move).ok());
  const VersionRef after = std::move(builder).Build();
  EXPECT_EQ(after->level(2).runs[0].tables[0], before->level(0).runs[0].tables[0]);
  EXPECT_TRUE(after->level(0).runs.empty());
  EXPECT_EQ(before->level(0).runs.size(), 1U) << "the base must not change";
}

TEST(VersionBuilder, DropsRunsAndLevelsLeftEmpty) {
  VersionEdit remove;
  remove.removed.push_back({0, 1, 4, 10});
  const VersionRef version =
      Build({Adding({Added(1, 4, 10, "a", "b"), Added(0, 5, 11, "a", "b")}), remove});
  EXPECT_EQ(version->levels().size(), 1U);
  EXPECT_EQ(version->run_count(), 1U);
}

TEST(VersionBuilder, LetsARunBeReplacedByItsOwnMerge) {
  VersionEdit merge = Adding({Added(0, 4, 12, "a", "z")});
  merge.removed = {{0, 0, 4, 10}, {0, 0, 3, 11}};
  const VersionRef version =
      Build({Adding({Added(0, 4, 10, "a", "z"), Added(0, 3, 11, "a", "z")}), merge});
  ASSERT_EQ(version->run_count(), 1U);
  EXPECT_EQ(version->level(0).runs[0].number, 4U);
}

struct Misfit {
  const char* name;
  VersionEdit edit;
  ErrorCode code = ErrorCode::kInternal;
};

TEST(VersionBuilder, RefusesEditsThatDoNotFit) {
  const VersionRef base = Build({Adding({Added(1, 4, 10, "d", "f"), Added(1, 4, 11, "k", "m")})});
  VersionEdit removed_twice;
  removed_twice.removed = {{0, 1, 4, 10}, {0, 1, 4, 10}};
  const auto removing = [](std::uint32_t level, RunNumber run, FileNumber number) {
    VersionEdit edit;
    edit.removed.push_back({0, level, run, number});
    return edit;
  };
  VersionEdit altered = Adding({Added(2, 5, 10, "d", "g")});
  altered.removed.push_back({0, 1, 4, 10});
  const std::vector<Misfit> misfits = {
      {"unknown table", removing(1, 4, 99)},
      {"wrong level", removing(2, 4, 10)},
      {"wrong run", removing(1, 5, 10)},
      {"removed twice", removed_twice},
      {"overlap from the left", Adding({Added(1, 4, 20, "a", "d")})},
      {"overlap from the right", Adding({Added(1, 4, 20, "f", "g")})},
      {"covering", Adding({Added(1, 4, 20, "a", "z")})},
      {"inside", Adding({Added(1, 4, 20, "e", "e")})},
      {"known number", Adding({Added(2, 6, 10, "x", "y")})},
      {"backward", Adding({Added(2, 6, 20, "y", "x")})},
      {"no run", Adding({Added(2, 0, 20, "x", "y")})},
      {"no level", Adding({Added(kLevelCountMax, 6, 20, "x", "y")})},
      {"moved and altered", altered},
  };
  for (const Misfit& misfit : misfits) {
    VersionBuilder builder(*base);
    const auto applied = builder.Apply(misfit.edit);
    ASSERT_FALSE(applied.ok()) << misfit.name;
    EXPECT_EQ(applied.error().code(), misfit.code) << misfit.name;
  }
  for (const auto& fitting :
       {Adding({Added(1, 4, 20, "g", "j")}), Adding({Added(1, 4, 20, "", "c")}),
        Adding({Added(1, 4, 20, "n", "z")}), Adding({Added(1, 5, 20, "a", "z", 2)})}) {
    VersionBuilder builder(*base);
    ASSERT_TRUE(builder.Apply(fitting).ok());
    EXPECT_TRUE(std::move(builder).Build()->Validate().ok());
  }
}

TableFileRef File(std::string_view smallest, std::string_view largest, SequenceNumber from,
                  SequenceNumber to) {
  auto file = std::make_shared<TableFile>();
  file->summary.number = 1;
  file->summary.smallest_key = smallest;
  file->summary.largest_key = largest;
  file->summary.smallest_sequence = from;
  file->summary.largest_sequence = to;
  return file;
}

Version Of(std::vector<Level> levels) {
  return Version(std::move(levels));
}

TEST(Version, ValidateNamesTheBrokenInvariant) {
  const auto message = [](const Version& version) {
    const auto valid = version.Validate();
    return valid.ok() ? std::string() : valid.error().message();
  };
  const TableFileRef a_c = File("a", "c", 5, 9);
  const TableFileRef c_e = File("c", "e", 5, 9);
  const TableFileRef old_a_c = File("a", "c", 1, 5);
  EXPECT_NE(message(Of({{{SortedRun{1, {a_c, c_e}}}}})).find("overlap"), std::string::npos);
  EXPECT_NE(message(Of({{{SortedRun{1, {}}}}})).find("no tables"), std::string::npos);
  EXPECT_NE(message(Of({{{SortedRun{1, {a_c}}, SortedRun{2, {c_e}}}}})).find("not newer"),
            std::string::npos);
  EXPECT_NE(message(Of({{{SortedRun{2, {old_a_c}}, SortedRun{1, {a_c}}}}})).find("older"),
            std::string::npos);
  EXPECT_NE(message(Of({{}, {{SortedRun{1, {old_a_c}}}}, {{SortedRun{2, {c_e}}}}})).find("older"),
            std::string::npos);
  EXPECT_EQ(message(Of({{{SortedRun{2, {a_c}}, SortedRun{1, {File("a", "c", 1, 4)}}}}})), "");
}

TEST(Version, FindsTheFirstTableThatEndsAtOrAfterAKey) {
  const SortedRun run{1, {File("b", "d", 1, 1), File("f", "f", 1, 1), File("h", "k", 1, 1)}};
  EXPECT_EQ(run.FindTable(""), 0U);
  EXPECT_EQ(run.FindTable("d"), 0U);
  EXPECT_EQ(run.FindTable("e"), 1U);
  EXPECT_EQ(run.FindTable("f"), 1U);
  EXPECT_EQ(run.FindTable("g"), 2U);
  EXPECT_EQ(run.FindTable("l"), 3U);
}

TEST(Version, DescribesItselfWithEscapedKeys) {
  const Version version = Of({{}, {{SortedRun{7, {File(std::string("a\0", 2), "z", 1, 1)}}}}});
  EXPECT_EQ(version.Describe(),
            "level 1: 1 runs, 1 tables, 0 B\n"
            "  run 7: 1 tables, 0 B, 0 entries, [a\\x00 .. z]\n");
  EXPECT_EQ(Version({}).Describe(), "no tables\n");
}

}  // namespace
}  // namespace quiver
