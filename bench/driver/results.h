// Results: every figure of a run, its limit and ratio, as JSON and as tables for a terminal.
//
// Invariants:
//  1. A row's median is over undisturbed runs alone if there is one; else it is marked disturbed.
//  2. "ratio" is above 1 where Quiver is better, whatever the unit; what a target compares with its
//     bounds is "value".
//
// Thread safety: one thread.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "driver/child.h"
#include "driver/statistics.h"
#include "driver/targets.h"

namespace quiver::bench {

/// An engine as it was run: a kind, or a kind with something more.
struct EngineFacts {
  std::string name;   ///< "rocksdb+thp"
  std::string kind;   ///< "rocksdb"
  std::string title;  ///< "RocksDB, huge pages"
  std::string version;
  std::string note;
  std::string options;
  bool assertions = false;
};

inline constexpr std::string_view kSubject = "quiver";

class Results {
 public:
  /// `limit_of` gives the limit of a row on a data set, in its unit, or nothing.
  using LimitOf =
      std::function<std::optional<double>(std::string_view row, std::string_view dataset)>;

  Results(std::vector<EngineFacts> engines, std::vector<Target> targets, LimitOf limit_of)
      : engines_(std::move(engines)),
        targets_(std::move(targets)),
        limit_of_(std::move(limit_of)) {}

  void Add(const std::string& dataset, const std::string& engine, const ChildOutcome& outcome);
  void Fact(const std::string& name, const std::string& value) { facts_[name] = value; }
  void Constant(const std::string& name, double value) { constants_[name] = value; }
  void Skipped(const std::string& what) { skipped_.push_back(what); }
  void Failed(const std::string& what) { failures_.push_back(what); }

  bool failed() const noexcept { return !failures_.empty(); }
  std::string ToJson() const;
  /// A Markdown table for each data set, then the targets.
  std::string ToTables() const;

 private:
  struct RowKey {
    std::string dataset;
    std::string row;
    auto operator<=>(const RowKey&) const = default;
  };
  struct Samples {
    std::vector<double> quiet;
    std::vector<double> disturbed;
  };
  struct Row {
    Unit unit = Unit::kPerSecond;
    std::size_t order = 0;  ///< of first appearance
    std::map<std::string, Samples> engines;
  };
  struct Figure {
    Spread spread;
    std::size_t samples = 0;
    bool disturbed = false;
  };
  struct Comparison {
    RowKey key;
    std::string peer;
    double ratio = 0;
    double value = 0;
    const Target* target = nullptr;
  };

  std::vector<RowKey> InOrder() const;
  std::optional<Figure> FigureOf(const Row& row, const std::string& engine) const;
  std::optional<double> Efficiency(const RowKey& key, const Row& row, double median) const;
  /// The best of all peers, or of those of one kind.
  std::optional<std::string> BestPeer(const Row& row, const std::string& kind) const;
  std::vector<Comparison> Comparisons() const;
  std::optional<Comparison> Compare(const RowKey& key, const Row& row, const Target* target) const;
  const EngineFacts& FactsOf(const std::string& engine) const;
  std::string TableOf(const std::string& dataset) const;
  std::string TargetTable() const;

  std::vector<EngineFacts> engines_;
  std::vector<Target> targets_;
  LimitOf limit_of_;
  std::map<RowKey, Row> rows_;
  std::map<std::string, std::string> facts_;
  std::map<std::string, double> constants_;
  std::vector<std::string> skipped_;
  std::vector<std::string> failures_;
  std::uint64_t runs_ = 0;
  std::uint64_t disturbed_runs_ = 0;
};

/// "1.23 M", "456 k", "7.89": three significant digits.
std::string Short(double value);

}  // namespace quiver::bench
