// CheckPlan must refuse each kind of wrong plan: the other tests lean on it.
#include <gtest/gtest.h>

#include "compaction/compaction_strategy.h"
#include "version/version_builder.h"

namespace quiver {
namespace {

//   level 0   run 9  1[c──f]
//             run 8  2[b──d]  3[h──k]
//   level 1   run 5  4[a─b] 5[c─e] 6[g─i]
//   level 2   run 2  7[a─d] 8[e─z]
VersionRef MakeVersion() {
  VersionEdit edit;
  SequenceNumber sequence = 1000;
  const auto add = [&](std::uint32_t level, RunNumber run, FileNumber number, const char* from,
                       const char* to) {
    VersionEdit::AddedTable table{0, level, run, {}};
    table.summary.number = number;
    table.summary.size_bytes = 100;
    table.summary.entry_count = 1;
    table.summary.smallest_key = from;
    table.summary.largest_key = to;
    table.summary.largest_sequence = --sequence;
    table.summary.smallest_sequence = sequence;
    edit.added.push_back(table);
  };
  add(0, 9, 1, "c", "f");
  add(0, 8, 2, "b", "d");
  add(0, 8, 3, "h", "k");
  add(1, 5, 4, "a", "b");
  add(1, 5, 5, "c", "e");
  add(1, 5, 6, "g", "i");
  add(2, 2, 7, "a", "d");
  add(2, 2, 8, "e", "z");
  VersionBuilder builder;
  EXPECT_TRUE(builder.Apply(edit).ok());
  return std::move(builder).Build();
}

class PlanCheck : public ::testing::Test {
 protected:
  CompactionInput Input(std::uint32_t level, RunNumber run, std::vector<FileNumber> numbers) {
    CompactionInput input{level, run, {}};
    for (const FileNumber number : numbers) {
      for (const SortedRun& candidate : version_->level(level).runs) {
        for (const TableFileRef& table : candidate.tables) {
          if (table->summary.number == number) input.tables.push_back(table);
        }
      }
    }
    EXPECT_EQ(input.tables.size(), numbers.size());
    return input;
  }
  CompactionPlan Plan(std::vector<CompactionInput> inputs, std::uint32_t level, RunNumber run,
                      CompactionAction action = CompactionAction::kMerge) {
    CompactionPlan plan;
    plan.action = action;
    plan.inputs = std::move(inputs);
    plan.output_level = level;
    plan.output_run = run;
    return plan;
  }
  void ExpectFits(const CompactionPlan& plan, const CompactionContext& context = {}) {
    const auto checked = CheckPlan(*version_, plan, context);
    EXPECT_TRUE(checked.ok()) << checked.error().ToString();
  }
  void ExpectBreaks(const CompactionPlan& plan, std::string_view what,
                    const CompactionContext& context = {}) {
    const auto checked = CheckPlan(*version_, plan, context);
    ASSERT_FALSE(checked.ok()) << what;
    EXPECT_EQ(checked.error().code(), ErrorCode::kInternal);
    EXPECT_NE(checked.error().message().find(what), std::string::npos)
        << checked.error().ToString();
  }

  const VersionRef version_ = MakeVersion();
};

TEST_F(PlanCheck, AcceptsPlansThatKeepTheRules) {
  ExpectFits(Plan({Input(0, 9, {1}), Input(0, 8, {2, 3}), Input(1, 5, {4, 5, 6})}, 1, 5));
  ExpectFits(Plan({Input(0, 8, {3}), Input(1, 5, {6})}, 1, 5));
  ExpectFits(Plan({Input(0, 8, {3})}, 1, 0));
  ExpectFits(Plan({Input(0, 9, {1}), Input(0, 8, {2, 3})}, 0, 9));
  ExpectFits(Plan({Input(1, 5, {5}), Input(2, 2, {7, 8})}, 2, 2));
  CompactionPlan bottom = Plan({Input(1, 5, {5}), Input(2, 2, {7, 8})}, 2, 2);
  bottom.is_bottom = true;
  ExpectFits(bottom);
}

TEST_F(PlanCheck, RefusesInputsThatAreNotThereOrNotInOrder) {
  ExpectBreaks(Plan({}, 1, 5), "no inputs");
  ExpectBreaks(Plan({{1, 77, {}}}, 1, 5), "there is no level 1, run 77");
  ExpectBreaks(Plan({{1, 5, {}}}, 1, 5), "no tables");
  CompactionInput elsewhere = Input(1, 5, {4});
  elsewhere.level = 2;
  elsewhere.run = 2;
  ExpectBreaks(Plan({elsewhere}, 2, 2), "is not in");
  ExpectBreaks(Plan({Input(0, 8, {2, 3}), Input(0, 9, {1})}, 1, 5), "order of age");
  ExpectBreaks(Plan({Input(1, 5, {4, 6})}, 2, 2), "not adjacent");
}

TEST_F(PlanCheck, RefusesToLeaveBehindWhatAnInputPasses) {
  ExpectBreaks(Plan({Input(0, 9, {1}), Input(1, 5, {5})}, 1, 5), "table 2");
  ExpectBreaks(Plan({Input(0, 8, {3})}, 2, 0), "table 6");
  ExpectBreaks(Plan({Input(0, 8, {3}), Input(1, 5, {6})}, 2, 2), "table 8");
}

TEST_F(PlanCheck, RefusesAnOutputThatWouldOverlapItsRun) {
  // 2[b d] and 3[h k] leave a gap in which 6[g i] lies only in part, and 5[c e] wholly.
  ExpectBreaks(Plan({Input(0, 9, {1}), Input(0, 8, {2, 3}), Input(1, 5, {4, 5})}, 1, 5), "table 6");
  ExpectBreaks(Plan({Input(1, 5, {4, 5}), Input(2, 2, {7})}, 2, 2), "table 8");
}

TEST_F(PlanCheck, RefusesOutputsInTheWrongPlace) {
  ExpectBreaks(Plan({Input(1, 5, {4})}, 0, 9), "below the output level");
  ExpectBreaks(Plan({Input(0, 9, {1}), Input(0, 8, {2, 3})}, 0, 0), "take the place of a run");
  ExpectBreaks(Plan({Input(0, 8, {3}), Input(1, 5, {6})}, 1, 4), "there is no level 1, run 4");
  ExpectBreaks(Plan({Input(2, 2, {7})}, kLevelCountMax, 0), "no such output level");
}

TEST_F(PlanCheck, RefusesAFalseBottom) {
  CompactionPlan plan = Plan({Input(0, 8, {3}), Input(1, 5, {6})}, 1, 5);
  plan.is_bottom = true;
  ExpectBreaks(plan, "bottom");
}

TEST_F(PlanCheck, RefusesMovesThatOverlapAndDropsThatUncover) {
  ExpectBreaks(Plan({Input(0, 9, {1}), Input(0, 8, {2, 3})}, 0, 9, CompactionAction::kMove),
               "moves tables to where they are");
  ExpectBreaks(Plan({Input(0, 9, {1}), Input(0, 8, {2, 3}), Input(1, 5, {4, 5, 6})}, 2, 0,
                    CompactionAction::kMove),
               "which overlap");
  ExpectBreaks(Plan({Input(1, 5, {4})}, 1, 0, CompactionAction::kDrop), "which is older");
  ExpectFits(Plan({Input(2, 2, {7})}, 2, 0, CompactionAction::kDrop));
}

TEST_F(PlanCheck, RefusesBusyInputsAndOutputsThatOthersWrite) {
  const CompactionPlan plan = Plan({Input(0, 8, {3}), Input(1, 5, {6})}, 1, 5);
  CompactionContext context;
  context.busy = {6};
  ExpectBreaks(plan, "busy", context);
  context.busy = {5};
  ExpectFits(plan, context);
  context.outputs = {{1, 5, "j", "m"}};
  ExpectBreaks(plan, "another plan writes", context);
  context.outputs = {{1, 5, "l", "m"}, {1, 4, "a", "z"}, {2, 5, "a", "z"}};
  ExpectFits(plan, context);
}

}  // namespace
}  // namespace quiver
