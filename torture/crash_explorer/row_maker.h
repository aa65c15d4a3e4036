// RowMaker: what the workloads on the simulated disk write: entries of all kinds (puts, deletes,
// range deletes, operands, with and without an expiry) over all keyspaces, each with a value that
// says who wrote it. And the settings of the keyspaces that they make beside the default one.
//
// Thread safety: one thread at a time.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/random.h"
#include "crash_explorer/history.h"
#include "db/engine.h"

namespace quiver::torture {

/// Settings of the history's keyspace `number`; 0 has the database's own. Successive numbers walk
/// through merge operators, memtables and strategies.
DatabaseConfig KeyspaceConfig(const DatabaseConfig& database, std::size_t number);

class RowMaker {
 public:
  /// `new_key` draws a key. All references must outlive the maker.
  RowMaker(const DatabaseConfig& database, const History& history, std::uint64_t seed,
           std::function<std::string(Random&)> new_key)
      : database_(database), history_(history), seed_(seed), new_key_(std::move(new_key)) {}

  /// Rows for one batch that begins behind all that was issued. Values have about `value_bytes`;
  /// what expires does so in the 20 seconds after `now_us`.
  std::vector<HistoryRow> Draw(Random& random, std::size_t count, std::size_t value_bytes,
                               std::uint64_t now_us) const;

 private:
  HistoryRow DrawOne(Random& random, SequenceNumber sequence, std::size_t value_bytes,
                     std::uint64_t now_us) const;

  const DatabaseConfig& database_;
  const History& history_;
  const std::uint64_t seed_;
  const std::function<std::string(Random&)> new_key_;
};

/// A batch as the engine takes it.
struct EncodedRows {
  std::string bytes;
  std::vector<KeyspaceState*> keyspaces;
};
Result<EncodedRows> Encode(const std::vector<HistoryRow>& rows, const History& history,
                           const Engine& engine);

}  // namespace quiver::torture
