// Goal: the calls that promise to end the process when memory runs out (docs/guarantees.md) say so
// to the compiler: thrown half-way, a failed allocation would leave a state that nobody has tested.
//
// Method: the compiler answers; the test is that this file compiles.
#include <gtest/gtest.h>

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "quiver/admin.h"
#include "quiver/database.h"
#include "quiver/follower.h"
#include "quiver/iterator.h"
#include "quiver/transaction.h"
#include "quiver/write_batch.h"

namespace quiver {
namespace {

constexpr std::string_view kKey = "key";

template <typename T>
T& A() noexcept;

// What all that takes writes has.
template <typename Writer>
constexpr bool kWritesDoNotThrow =
    noexcept(A<Writer>().Put(kKey, kKey)) && noexcept(A<Writer>().Delete(kKey)) &&
    noexcept(A<Writer>().Merge(kKey, kKey)) && noexcept(A<Writer>().DeleteRange(kKey, kKey));

constexpr bool kIteratorDoesNotThrow =
    noexcept(A<Iterator>().SeekToFirst()) && noexcept(A<Iterator>().SeekToLast()) &&
    noexcept(A<Iterator>().Seek(kKey)) && noexcept(A<Iterator>().SeekForPrev(kKey)) &&
    noexcept(A<Iterator>().Next()) && noexcept(A<Iterator>().Prev()) &&
    noexcept(A<Iterator>().Valid()) && noexcept(A<Iterator>().key()) &&
    noexcept(A<Iterator>().value()) && noexcept(A<Iterator>().status());

constexpr bool kDatabaseDoesNotThrow =
    noexcept(A<Database>().Write(A<WriteBatch>())) && noexcept(A<Database>().Get(kKey)) &&
    noexcept(A<Database>().GetInto(kKey, A<std::string>())) &&
    noexcept(A<Database>().GetExpiry(kKey)) &&
    noexcept(A<Database>().MultiGet(A<std::vector<std::string_view>>())) &&
    noexcept(A<Database>().NewIterator(A<IteratorOptions>())) &&
    noexcept(A<Database>().NewSnapshot()) && noexcept(A<Database>().Flush()) &&
    noexcept(A<Database>().CompactRange()) && noexcept(A<Database>().SyncLog()) &&
    noexcept(A<Database>().WaitForBackgroundWork()) && noexcept(A<Database>().WaitDurable(1)) &&
    noexcept(A<Database>().DurableSequence()) && noexcept(A<Database>().Metrics()) &&
    noexcept(A<Database>().OpenKeyspace(kKey)) && noexcept(A<Database>().ListKeyspaces()) &&
    noexcept(A<Database>().DropKeyspace(A<const Keyspace>())) && noexcept(A<Database>().Close());

constexpr bool kTransactionDoesNotThrow =
    noexcept(A<Transaction>().Get(kKey)) && noexcept(A<Transaction>().Commit()) &&
    noexcept(A<Transaction>().Rollback()) && noexcept(A<Transaction>().active()) &&
    noexcept(A<Transaction>().NewIterator(A<IteratorOptions>()));

using Path = const std::filesystem::path;  // made of text it may throw by itself
constexpr bool kAdministrationDoesNotThrow =
    noexcept(VerifyDatabase(A<Path>())) && noexcept(RepairDatabase(A<Path>(), A<Path>())) &&
    noexcept(InspectFile(A<Path>(), false, A<const LineSink>())) &&
    noexcept(ReadArrowFile(A<Path>(), A<const RowSink>())) &&
    noexcept(A<ArrowFileWriter>().Add(kKey, kKey)) && noexcept(A<ArrowFileWriter>().Finish());

TEST(NoexceptTest, CallsPromiseNotToThrow) {
  static_assert(kWritesDoNotThrow<Database>);
  static_assert(kWritesDoNotThrow<Transaction>);
  static_assert(kWritesDoNotThrow<WriteBatch>);
  static_assert(kIteratorDoesNotThrow);
  static_assert(kDatabaseDoesNotThrow);
  static_assert(kTransactionDoesNotThrow);
  static_assert(kAdministrationDoesNotThrow);
  static_assert(noexcept(A<Follower>().Refresh()) && noexcept(A<Follower>().database()));
  static_assert(std::is_nothrow_move_constructible_v<Iterator> &&
                std::is_nothrow_move_constructible_v<WriteBatch> &&
                std::is_nothrow_move_constructible_v<Transaction>);
}

}  // namespace
}  // namespace quiver
