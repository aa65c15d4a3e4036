#include "limits/row_limits.h"

#include <algorithm>
#include <cmath>

namespace quiver::bench {

namespace {

// Nanoseconds of work that no memory access explains.
struct Work {
  double hash_ns = 5;
  double index_ns = 60;     ///< a search among fences that lie in the second-level cache
  double step_ns = 5;       ///< an iterator's step within a block
  double merge_ns = 25;     ///< one row through a merge of runs
  double encode_ns = 10;    ///< one row into column builders
  double memtable_ns = 30;  ///< an insertion where the last one was
  double replay_ns = 150;   ///< one logged row into a memtable
};
constexpr Work kWork;
// Rows written by flush and compactions for each row put: lazy leveling with three levels.
constexpr double kRewrites = 6;
constexpr double kYcsbThreads = 2;
constexpr double kYcsbScanRows = 50;  // evenly 1 to 100
constexpr double kReopenLogBytes = 64.0 * (1 << 20);

class Model {
 public:
  Model(const Dataset& dataset, const MachineConstants& constants)
      : constants_(constants),
        bytes_(static_cast<double>(dataset.entry_bytes())),
        data_bytes_(static_cast<double>(dataset.data_bytes())),
        on_disk_(dataset.memory_limit_bytes != 0) {}

  std::optional<double> Of(std::string_view row) const;

 private:
  // One row through a flush or compaction.
  double RewriteNs() const {
    return kWork.merge_ns + kWork.encode_ns +
           bytes_ * (2 * constants_.crc_ns_per_byte + constants_.copy_ns_per_byte +
                     constants_.write_ns_per_byte);
  }
  double LogNs() const {
    return bytes_ * (constants_.crc_ns_per_byte + constants_.copy_ns_per_byte);
  }
  double PutNs(double misses) const {
    return LogNs() + kWork.memtable_ns + misses * constants_.memory_load_ns;
  }
  // Puts a second, when all processors share the puts and what they cause later.
  double PutRate(double threads, double misses, double rewrites) const {
    const double put_ns = PutNs(misses);
    const double all_ns = put_ns + (1 + rewrites) * RewriteNs();
    return std::min(threads * 1e9 / put_ns, constants_.processors * 1e9 / all_ns);
  }
  double GetNs() const {
    if (on_disk_) return constants_.disk_read_us * 1e3;
    return kWork.hash_ns + kWork.index_ns + constants_.memory_load_overlap_ns +
           2 * constants_.memory_load_ns + bytes_ * constants_.read_ns_per_byte;
  }
  double SeekNs(double rows) const {
    const double start_ns =
        on_disk_ ? constants_.disk_read_us * 1e3 : kWork.index_ns + 2 * constants_.memory_load_ns;
    return start_ns + rows * RowNs();
  }
  double RowNs() const { return std::max(kWork.step_ns, bytes_ * constants_.read_ns_per_byte); }
  double Rate(double threads, double ns) const {
    return std::min(threads, constants_.processors) * 1e9 / ns;
  }
  double MixedRate(double puts, double ns) const {
    const double put_ns = PutNs(2) + (1 + kRewrites) * RewriteNs();
    return Rate(kYcsbThreads, puts * put_ns + (1 - puts) * ns);
  }
  std::optional<double> OfWrites(std::string_view row) const;
  std::optional<double> OfReads(std::string_view row) const;
  std::optional<double> OfOthers(std::string_view row) const;

  const MachineConstants& constants_;
  double bytes_;
  double data_bytes_;
  bool on_disk_;
};

std::optional<double> Model::OfWrites(std::string_view row) const {
  if (row == "bulk_load") {
    return 1e9 / std::max(RewriteNs() - kWork.merge_ns, bytes_ * constants_.disk_write_ns_per_byte);
  }
  if (row == "fillseq") return PutRate(1, 0, 0);
  if (row == "batch100") return PutRate(1, 1, kRewrites);
  if (row == "fillrandom_t1" || row == "fillrandom_t1_settled" || row == "overwrite_t1") {
    return PutRate(1, 2, kRewrites);
  }
  if (row == "fillrandom_t2" || row == "fillrandom_t2_settled" || row == "overwrite_t2") {
    return PutRate(2, 2, kRewrites);
  }
  if (row == "sync_put_t1") return 1e6 / constants_.sync_us();
  if (row == "sync_put_t2") return 2e6 / constants_.sync_us();
  if (row == "sync_put_t8") return 8e6 / constants_.sync_us();
  return std::nullopt;
}

std::optional<double> Model::OfReads(std::string_view row) const {
  if (row == "memtable_get") return 1e9 / (kWork.hash_ns + 2 * constants_.memory_load_ns);
  if (row == "memtable_seek") return 1e9 / (kWork.memtable_ns + 2 * constants_.memory_load_ns);
  if (row == "get_hit_t1" || row == "read_while_writing") return Rate(1, GetNs());
  if (row == "get_hit_t2") return Rate(2, GetNs());
  const double miss_ns = kWork.hash_ns + constants_.memory_load_overlap_ns;
  if (row == "get_miss_t1") return Rate(1, miss_ns);
  if (row == "get_miss_t2") return Rate(2, miss_ns);
  if (row == "multiget32") {
    // On the disk: against one read at a time, so that a factor shows what overlapping gains.
    return on_disk_ ? Rate(1, GetNs())
                    : Rate(1, kWork.hash_ns + 4 * constants_.memory_load_overlap_ns);
  }
  if (row == "seek10" || row == "seek10_new" || row == "seek_while_writing") {
    return Rate(1, SeekNs(10));
  }
  if (row == "seek100") return Rate(1, SeekNs(100));
  if (row == "scan_first" || row == "scan_forward" || row == "scan_backward" ||
      row == "scan_batches") {
    return 1e9 / (on_disk_ ? bytes_ * constants_.disk_read_ns_per_byte : RowNs());
  }
  return std::nullopt;
}

std::optional<double> Model::OfOthers(std::string_view row) const {
  if (row == "ycsb_a" || row == "ycsb_f")
    return MixedRate(row == "ycsb_a" ? 0.5 : 1.0 / 3, GetNs());
  if (row == "ycsb_b" || row == "ycsb_d") return MixedRate(0.05, GetNs());
  if (row == "ycsb_c") return MixedRate(0, GetNs());
  if (row == "ycsb_e") return MixedRate(0.05, SeekNs(kYcsbScanRows));
  if (row == "compaction") return 1e9 / RewriteNs();
  if (row == "reopen") {
    const double rows = kReopenLogBytes / bytes_;
    return (kReopenLogBytes * (constants_.disk_read_ns_per_byte + constants_.crc_ns_per_byte) +
            rows * kWork.replay_ns) *
           1e-6;
  }
  if (row == "size_none") return data_bytes_ / (1 << 20);
  return std::nullopt;
}

std::optional<double> Model::Of(std::string_view row) const {
  for (const auto& limit : {OfWrites(row), OfReads(row), OfOthers(row)}) {
    // A constant that could not be measured makes no limit.
    if (limit && std::isfinite(*limit) && *limit > 0) return limit;
  }
  return std::nullopt;
}

}  // namespace

std::optional<double> RowLimit(std::string_view row, const Dataset& dataset,
                               const MachineConstants& constants) {
  return Model(dataset, constants).Of(row);
}

}  // namespace quiver::bench
