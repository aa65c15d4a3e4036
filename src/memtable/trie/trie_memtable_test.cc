#include "memtable/trie/trie_memtable.h"

#include <gtest/gtest.h>

#include "memtable/memtable_test_support.h"
#include "testing/seed.h"

namespace quiver {
namespace {

using testing::Model;

class TrieMemtableTest : public ::testing::Test {
 protected:
  void Add(const std::string& key) { model_.Add(memtable_, key, ++sequence_); }

  testing::Surroundings surroundings_;
  TrieMemtable memtable_{surroundings_.context()};
  Model model_;
  SequenceNumber sequence_ = 0;
};

TEST(ArtNodeTest, GrowsThroughAllKindsAndKeepsEveryChild) {
  Arena arena;
  ArtNode* node = ArtNode::New(arena, ArtNode::Kind::k4, "a prefix of more than eight bytes");
  std::vector<ArtVersion*> leaves;
  // 37 is odd, so its multiples reach each of the 256 bytes once.
  const auto byte_of = [](int i) { return static_cast<std::uint8_t>(i * 37); };
  for (int i = 0; i < 256; ++i) {
    if (node->full()) {
      const auto kind = node->kind();
      EXPECT_TRUE(i == 4 || i == 16 || i == 48);
      node = node->Grown(arena);
      EXPECT_NE(node->kind(), kind);
    }
    leaves.push_back(new (arena.Allocate(sizeof(ArtVersion))) ArtVersion(nullptr));
    node->AddChild(byte_of(i), ArtChild(leaves.back()));
    EXPECT_EQ(node->prefix(), "a prefix of more than eight bytes");
    for (int j = 0; j < 256; ++j) {
      const ArtChild child = node->Child(byte_of(j));
      ASSERT_EQ(child.empty(), j > i);
      if (j <= i) {
        ASSERT_EQ(child.leaf(), leaves[static_cast<std::size_t>(j)]);
      }
    }
  }
  EXPECT_EQ(node->kind(), ArtNode::Kind::k256);
  EXPECT_TRUE(node->full());
}

TEST(ArtNodeTest, NeighboursOfEveryByteAreRightInEveryKind) {
  Random random(testing::TestSeed(31));
  Arena arena;
  for (const int children : {1, 3, 4, 9, 16, 30, 48, 100, 256}) {
    ArtNode* node = ArtNode::New(arena, ArtNode::Kind::k4, "");
    std::vector<bool> taken(256, false);
    for (int i = 0; i < children;) {
      const auto byte = static_cast<std::uint8_t>(random.Below(256));
      if (taken[byte]) continue;
      taken[byte] = true;
      if (node->full()) node = node->Grown(arena);
      auto* leaf = new (arena.Allocate(sizeof(ArtVersion))) ArtVersion(nullptr);
      node->AddChild(byte, ArtChild(leaf));
      ++i;
    }
    for (int byte = -1; byte <= 256; ++byte) {
      int after = byte + 1;
      while (after < 256 && !taken[static_cast<std::size_t>(after)]) ++after;
      int before = byte - 1;
      while (before >= 0 && !taken[static_cast<std::size_t>(before)]) --before;
      const auto next = node->ChildAfter(byte);
      const auto previous = node->ChildBefore(byte);
      ASSERT_EQ(next.byte, after < 256 ? after : ArtNode::kNoByte);
      ASSERT_EQ(next.child.empty(), after >= 256);
      ASSERT_EQ(previous.byte, before >= 0 ? before : ArtNode::kNoByte);
      ASSERT_EQ(previous.child.empty(), before < 0);
    }
  }
}

TEST(ArtNodeTest, APrefixIsKeptWholeWhetherItFitsInlineOrNot) {
  Arena arena;
  const std::string text = "0123456789abcdef";
  for (std::size_t length = 0; length <= text.size(); ++length) {
    const std::string_view prefix = std::string_view(text).substr(0, length);
    EXPECT_EQ(ArtNode::New(arena, ArtNode::Kind::k48, prefix)->prefix(), prefix);
  }
}

TEST_F(TrieMemtableTest, ANodeWithAllBranchBytesKeepsTheirOrder) {
  for (int i = 0; i < 256; ++i) {
    Add(std::string("same") + static_cast<char>(i * 37) + "tail");
    if (i == 3 || i == 4 || i == 15 || i == 16 || i == 47 || i == 48)
      model_.ExpectEquals(memtable_);
  }
  Add("same");
  model_.ExpectEquals(memtable_);
}

TEST_F(TrieMemtableTest, PathCompressionSplitsAtEveryByteOfALongPrefix) {
  const std::string base(40, 'm');
  Add(base + "1");
  Add(base + "2");
  // Each of these parts from the compressed path at another byte, above and below it, and from
  // back to front, so that each split makes a shorter prefix.
  for (std::size_t at = base.size(); at-- > 0;) {
    Add(base.substr(0, at) + "a");
    Add(base.substr(0, at) + "z");
    Add(base.substr(0, at));
  }
  model_.ExpectEquals(memtable_);
}

TEST_F(TrieMemtableTest, SplittingTheMiddleFirstKeepsBothHalvesOfThePrefix) {
  const std::string base = "0123456789abcdefghijklmnopqrstuvwxyz";
  Add(base + "1");
  Add(base + "2");
  for (const std::size_t at : {18U, 9U, 27U, 4U, 31U, 0U, 35U, 17U, 19U}) {
    Add(base.substr(0, at) + "~");
    model_.ExpectEquals(memtable_);
  }
}

TEST_F(TrieMemtableTest, KeysThatArePrefixesOfOthersComeFirst) {
  for (const std::string key : {"abc", "ab", "a", "", "abcd", "abd", "b"}) Add(key);
  Add(std::string("\0", 1));
  Add(std::string("\0\0", 2));
  Add(std::string("ab\0", 3));
  Add(std::string("ab\0c", 4));
  Add("ab\xFF");
  Add("\xFF\xFF");
  model_.ExpectEquals(memtable_);
}

TEST_F(TrieMemtableTest, TheEmptyKeyAloneIsAWholeTree) {
  Add("");
  model_.ExpectEquals(memtable_);
  Add("");
  Add("x");
  model_.ExpectEquals(memtable_);
}

TEST_F(TrieMemtableTest, VersionsAreChainedNewestFirstInWhateverOrderTheyCome) {
  for (const SequenceNumber sequence : {50U, 10U, 30U, 90U, 70U, 20U, 100U, 5U}) {
    model_.Add(memtable_, "key", sequence);
    model_.Add(memtable_, "key2", sequence + 1);
    model_.ExpectEquals(memtable_);
  }
  Random random(testing::TestSeed(32));
  model_.ExpectWalk(memtable_, random, 1000);
}

TEST_F(TrieMemtableTest, KeysOfTheGreatestLengthAreFoundAndOrdered) {
  const std::string deep(kKeyBytesMax, 'd');
  Add(deep);
  for (std::size_t at = 0; at < kKeyBytesMax; at += 4999) {
    std::string other = deep;
    other[at] = static_cast<char>(at % 2 == 0 ? 'c' : 'e');
    Add(other);
    Add(deep.substr(0, at));
  }
  model_.ExpectEquals(memtable_);
}

TEST_F(TrieMemtableTest, APathOfThousandsOfNodesNeedsNoRecursion) {
  const std::string deep(3000, 'n');
  for (std::size_t length = deep.size(); length > 0; --length) Add(deep.substr(0, length));
  model_.ExpectScans(memtable_);
  auto iterator = memtable_.NewIterator();
  iterator->Seek(deep + "n", kSequenceMax);
  EXPECT_FALSE(iterator->Valid());
  iterator->SeekForPrev(deep + "n", 0);
  ASSERT_TRUE(iterator->Valid());
  EXPECT_EQ(iterator->entry().key, deep);
}

TEST_F(TrieMemtableTest, RandomBinaryKeysMatchTheModel) {
  Random random(testing::TestSeed(33));
  for (int i = 0; i < 3000; ++i) {
    // Few different bytes, so that prefixes, splits and repeated keys are common.
    std::string key(random.Below(9), '\0');
    for (char& byte : key) byte = "\x00\x01\x7F\x80\xFF"[random.Below(5)];
    Add(key);
  }
  model_.ExpectEquals(memtable_);
  model_.ExpectWalk(memtable_, random, 5000);
}

TEST_F(TrieMemtableTest, AnIteratorGoesOnAfterItsNodesWereSuperseded) {
  for (char c = 'b'; c <= 'y'; c = static_cast<char>(c + 2)) Add(std::string("path/") + c);
  auto iterator = memtable_.NewIterator();
  iterator->SeekToFirst();
  const Model before = model_;
  auto expected = before.entries().begin();
  for (int i = 0; i < 200; ++i) {
    // Grows the node, splits its prefix and turns leaves into nodes under the iterator.
    Add("path/" + std::string(1, static_cast<char>(i + 40)) + std::to_string(i));
    if (i % 20 != 0 || expected == before.entries().end()) continue;
    // Whatever else it shows, it comes to every entry that was there when it was made.
    while (iterator->Valid() && iterator->entry().key != expected->first.first) iterator->Next();
    ASSERT_TRUE(iterator->Valid());
    ++expected;
  }
  for (; expected != before.entries().end(); ++expected) {
    while (iterator->Valid() && iterator->entry().key != expected->first.first) iterator->Next();
    ASSERT_TRUE(iterator->Valid());
  }
  model_.ExpectEquals(memtable_);
}

TEST_F(TrieMemtableTest, ReadersFindEverythingCommittedBesideTheWriter) {
  Random random(testing::TestSeed(34));
  const auto keys = testing::ShuffledKeys(6000, 2000, random);
  testing::ReadersBesideWriter(memtable_, keys).Run(3, 34);
}

}  // namespace
}  // namespace quiver
