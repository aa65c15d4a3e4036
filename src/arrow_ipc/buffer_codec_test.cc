#include "arrow_ipc/buffer_codec.h"

#include <gtest/gtest.h>
#include <lz4frame.h>
#include <zstd.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "base/coding.h"
#include "base/random.h"
#include "testing/seed.h"

namespace quiver::arrow_ipc {
namespace {

constexpr std::uint64_t kLimit = std::uint64_t{1} << 30;
constexpr CompressionKind kKinds[] = {CompressionKind::kNone, CompressionKind::kLz4,
                                      CompressionKind::kZstd};
constexpr CompressionKind kCodecs[] = {CompressionKind::kLz4, CompressionKind::kZstd};

std::string RandomBytes(Random& random, std::size_t size) {
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random.Next());
  return bytes;
}

std::string CompressibleBytes(Random& random, std::size_t size) {
  std::string bytes;
  while (bytes.size() < size) {
    bytes.append("user").append(std::to_string(random.Below(1000))).append("=value;");
  }
  bytes.resize(size);
  return bytes;
}

// Half of the bytes are random, so that some chunks compress and some are stored.
std::string MixedBytes(Random& random, std::size_t size) {
  return CompressibleBytes(random, size / 2) + RandomBytes(random, size - size / 2);
}

std::string Store(CompressionKind kind, std::string_view raw, std::uint32_t chunk_bytes,
                  std::int32_t level = 1) {
  std::string stored;
  BufferCodec(kind, level).Append(raw, chunk_bytes, stored);
  return stored;
}

std::int64_t Declared(const std::string& stored) {
  return LoadFixed<std::int64_t>(stored.data());
}

Result<std::string> DecodeAll(CompressionKind kind, std::string_view stored) {
  auto raw_bytes = RawSize(kind, stored, kLimit);
  if (!raw_bytes) return Error(raw_bytes.error());
  std::string out(*raw_bytes, '\0');
  auto decoded = Decode(kind, stored, out);
  if (!decoded) return Error(decoded.error());
  return out;
}

void ExpectRoundTrip(CompressionKind kind, const std::string& raw, std::uint32_t chunk_bytes) {
  const std::string stored = Store(kind, raw, chunk_bytes);
  const auto decoded = DecodeAll(kind, stored);
  ASSERT_TRUE(decoded.ok()) << decoded.error().ToString();
  ASSERT_EQ(*decoded, raw) << "size " << raw.size() << " chunk " << chunk_bytes;
}

TEST(BufferCodec, EverySizeUpTo300AndPowersOfTwoUpTo64KiBRoundTrip) {
  Random random(testing::TestSeed(1));
  std::vector<std::size_t> sizes;
  for (std::size_t size = 0; size <= 300; ++size) sizes.push_back(size);
  for (std::size_t power = 512; power <= 65536; power *= 2) {
    sizes.insert(sizes.end(), {power - 1, power, power + 1});
  }
  for (int i = 0; i < 40; ++i) sizes.push_back(random.Below(65537));
  for (const CompressionKind kind : kKinds) {
    for (const std::size_t size : sizes) {
      for (const std::string& raw : {RandomBytes(random, size), CompressibleBytes(random, size),
                                     MixedBytes(random, size), std::string(size, '\0')}) {
        ExpectRoundTrip(kind, raw, 0);
        if (size > 0) {
          ExpectRoundTrip(kind, raw, static_cast<std::uint32_t>(1 + random.Below(size)));
        }
      }
    }
  }
}

TEST(BufferCodec, EveryChunkSizeRoundTrips) {
  Random random(testing::TestSeed(2));
  const std::string raw = MixedBytes(random, 20000);
  for (const CompressionKind kind : kCodecs) {
    for (std::uint32_t chunk = 100; chunk < 21000; chunk += 97) ExpectRoundTrip(kind, raw, chunk);
    for (const std::uint32_t chunk : {1U, 2U, 15U, 16U, 4096U, 8192U, 16384U, 65536U, ~0U}) {
      ExpectRoundTrip(kind, raw, chunk);
    }
  }
}

TEST(BufferCodec, BuffersBeyondTheLargestLz4BlockRoundTrip) {
  Random random(testing::TestSeed(3));
  const std::string raw = CompressibleBytes(random, (std::size_t{9} << 20) + 17);
  for (const CompressionKind kind : kCodecs) {
    for (const std::uint32_t chunk : {0U, 100U << 10, 300U << 10, 2U << 20, 6U << 20}) {
      const std::string stored = Store(kind, raw, chunk);
      ASSERT_LT(stored.size(), raw.size() / 2);
      const auto decoded = DecodeAll(kind, stored);
      ASSERT_TRUE(decoded.ok()) << decoded.error().ToString();
      ASSERT_EQ(*decoded, raw);
      std::string out(raw.size(), '\0');
      ASSERT_TRUE(DecodeRange(kind, stored, chunk, raw.size() - 5, raw.size(), out).ok());
      EXPECT_EQ(out.substr(raw.size() - 5), raw.substr(raw.size() - 5));
    }
  }
}

TEST(BufferCodec, EveryLevelRoundTrips) {
  Random random(testing::TestSeed(4));
  const std::string raw = MixedBytes(random, 30000);
  for (const CompressionKind kind : kCodecs) {
    for (std::int32_t level = -7; level <= 22; ++level) {
      const auto decoded = DecodeAll(kind, Store(kind, raw, 8192, level));
      ASSERT_TRUE(decoded.ok()) << "level " << level << decoded.error().ToString();
      EXPECT_EQ(*decoded, raw);
    }
  }
}

TEST(BufferCodec, OneCodecAppendsManyBuffersOneAfterTheOther) {
  Random random(testing::TestSeed(5));
  for (const CompressionKind kind : kKinds) {
    BufferCodec codec(kind, 1);
    BufferCodec moved = std::move(codec);
    std::string stored;
    std::vector<std::pair<std::size_t, std::string>> buffers;
    for (int i = 0; i < 50; ++i) {
      std::string raw = MixedBytes(random, random.Below(5000));
      buffers.emplace_back(stored.size(), raw);
      moved.Append(raw, 1024, stored);
    }
    for (std::size_t i = 0; i < buffers.size(); ++i) {
      const std::size_t end = i + 1 < buffers.size() ? buffers[i + 1].first : stored.size();
      const std::string_view part =
          std::string_view(stored).substr(buffers[i].first, end - buffers[i].first);
      const auto decoded = DecodeAll(kind, part);
      ASSERT_TRUE(decoded.ok()) << decoded.error().ToString();
      EXPECT_EQ(*decoded, buffers[i].second);
    }
  }
}

TEST(BufferCodec, DecodeRangeAgreesWithDecode) {
  Random random(testing::TestSeed(6));
  const std::string raw = MixedBytes(random, 50001);
  for (const CompressionKind kind : kKinds) {
    for (const std::uint32_t chunk : {0U, 1000U, 8192U, 16384U, 70000U}) {
      const std::string stored = Store(kind, raw, chunk);
      for (int i = 0; i < 200; ++i) {
        std::uint64_t begin = random.Below(raw.size() + 1);
        std::uint64_t end = random.Below(raw.size() + 1);
        if (begin > end) std::swap(begin, end);
        std::string out(raw.size(), '#');
        const auto decoded = DecodeRange(kind, stored, chunk, begin, end, out);
        ASSERT_TRUE(decoded.ok()) << decoded.error().ToString();
        ASSERT_EQ(out.substr(begin, end - begin), raw.substr(begin, end - begin));
      }
    }
  }
}

TEST(BufferCodec, DecodeRangeTouchesOnlyTheChunksItCovers) {
  Random random(testing::TestSeed(7));
  const std::string raw = CompressibleBytes(random, 64 << 10);
  for (const CompressionKind kind : kCodecs) {
    std::string out(raw.size(), '#');
    ASSERT_TRUE(DecodeRange(kind, Store(kind, raw, 8192), 8192, 20000, 20001, out).ok());
    EXPECT_EQ(out.substr(16384, 8192), raw.substr(16384, 8192));
    EXPECT_EQ(out.substr(0, 16384), std::string(16384, '#'));
    EXPECT_EQ(out.substr(24576), std::string(raw.size() - 24576, '#'));
  }
}

TEST(BufferCodec, DecodeRangeRefusesAnotherChunkSizeThanTheWriters) {
  Random random(testing::TestSeed(8));
  const std::string raw = CompressibleBytes(random, 64 << 10);
  for (const CompressionKind kind : kCodecs) {
    std::string out(raw.size(), '#');
    const auto decoded = DecodeRange(kind, Store(kind, raw, 8192), 4096, 20000, 20001, out);
    ASSERT_FALSE(decoded.ok());
    EXPECT_EQ(decoded.error().code(), ErrorCode::kCorruption);
  }
}

TEST(BufferCodec, DecodeRangeRefusesARangeOutsideTheBuffer) {
  for (const CompressionKind kind : kKinds) {
    const std::string raw(1000, 'x');
    std::string out(raw.size(), '#');
    const std::string stored = Store(kind, raw, 0);
    EXPECT_FALSE(DecodeRange(kind, stored, 0, 5, 1001, out).ok());
    EXPECT_FALSE(DecodeRange(kind, stored, 0, 6, 5, out).ok());
    EXPECT_FALSE(DecodeRange(kind, stored, 0, 0, ~std::uint64_t{0}, out).ok());
  }
}

TEST(BufferCodec, SmallOrIncompressibleBuffersAreStoredAsTheyAre) {
  Random random(testing::TestSeed(9));
  for (const CompressionKind kind : kCodecs) {
    for (const std::string& raw : {std::string(63, 'a'), RandomBytes(random, 5000)}) {
      const std::string stored = Store(kind, raw, 0);
      ASSERT_EQ(stored.size(), raw.size() + 8);
      EXPECT_EQ(Declared(stored), -1);
      std::string_view view;
      ASSERT_TRUE(StoredRaw(kind, stored, view));
      EXPECT_EQ(view, raw);
      EXPECT_EQ(view.data(), stored.data() + 8);
    }
    const std::string compressed = Store(kind, std::string(64, 'a'), 0);
    EXPECT_EQ(Declared(compressed), 64);
    EXPECT_LE(compressed.size(), 8 + 64 - 64 / 20);
    std::string_view view;
    EXPECT_FALSE(StoredRaw(kind, compressed, view));
    EXPECT_TRUE(Store(kind, "", 0).empty());
    EXPECT_TRUE(StoredRaw(kind, "", view));
  }
  std::string_view view;
  ASSERT_TRUE(StoredRaw(CompressionKind::kNone, "abc", view));
  EXPECT_EQ(view, "abc");
}

TEST(BufferCodec, FramesAreStandardToLz4sOwnDecoderForEveryBlockSizeCode) {
  Random random(testing::TestSeed(10));
  const std::string raw = CompressibleBytes(random, std::size_t{3} << 20);
  for (const std::uint32_t chunk : {8U << 10, 64U << 10, 200U << 10, 1U << 20, 0U}) {
    const std::string stored = Store(CompressionKind::kLz4, raw, chunk);
    LZ4F_dctx* context = nullptr;
    ASSERT_FALSE(LZ4F_isError(LZ4F_createDecompressionContext(&context, LZ4F_VERSION)));
    std::string out(raw.size(), '\0');
    std::size_t out_bytes = out.size();
    std::size_t in_bytes = stored.size() - 8;
    EXPECT_EQ(
        LZ4F_decompress(context, out.data(), &out_bytes, stored.data() + 8, &in_bytes, nullptr), 0U)
        << "chunk " << chunk;
    EXPECT_EQ(in_bytes, stored.size() - 8);
    EXPECT_EQ(out, raw);
    LZ4F_freeDecompressionContext(context);
  }
}

TEST(BufferCodec, FramesOfLz4sOwnEncoderDecodeWhateverTheirOptions) {
  Random random(testing::TestSeed(11));
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{1}, std::size_t{70000}, std::size_t{700000}}) {
    const std::string raw = MixedBytes(random, size);
    for (unsigned bits = 0; bits < 16; ++bits) {
      LZ4F_preferences_t preferences = {};
      preferences.frameInfo.blockMode = (bits & 1) != 0 ? LZ4F_blockIndependent : LZ4F_blockLinked;
      preferences.frameInfo.contentChecksumFlag =
          (bits & 2) != 0 ? LZ4F_contentChecksumEnabled : LZ4F_noContentChecksum;
      preferences.frameInfo.blockChecksumFlag =
          (bits & 4) != 0 ? LZ4F_blockChecksumEnabled : LZ4F_noBlockChecksum;
      preferences.frameInfo.contentSize = (bits & 8) != 0 ? size : 0;
      std::string frame(LZ4F_compressFrameBound(size, &preferences), '\0');
      const std::size_t frame_bytes =
          LZ4F_compressFrame(frame.data(), frame.size(), raw.data(), raw.size(), &preferences);
      ASSERT_FALSE(LZ4F_isError(frame_bytes));
      std::string stored;
      AppendFixed<std::uint64_t>(stored, size);
      stored.append(frame, 0, frame_bytes);
      const auto decoded = DecodeAll(CompressionKind::kLz4, stored);
      ASSERT_TRUE(decoded.ok()) << bits << " " << decoded.error().ToString();
      EXPECT_EQ(*decoded, raw);
    }
  }
}

TEST(BufferCodec, ZstdFramesCarryTheirContentSize) {
  Random random(testing::TestSeed(12));
  const std::string stored = Store(CompressionKind::kZstd, CompressibleBytes(random, 40000), 16384);
  std::string_view frames = std::string_view(stored).substr(8);
  std::vector<std::uint64_t> sizes;
  while (!frames.empty()) {
    sizes.push_back(ZSTD_getFrameContentSize(frames.data(), frames.size()));
    frames.remove_prefix(ZSTD_findFrameCompressedSize(frames.data(), frames.size()));
  }
  EXPECT_EQ(sizes, (std::vector<std::uint64_t>{16384, 16384, 40000 - 2 * 16384}));
}

TEST(BufferCodec, HostileSizesAreRefusedBeforeAnythingIsAllocated) {
  for (const CompressionKind kind : kCodecs) {
    for (const std::int64_t declared :
         {std::numeric_limits<std::int64_t>::min(), std::int64_t{-2},
          std::numeric_limits<std::int64_t>::max(), std::int64_t{1} << 40,
          static_cast<std::int64_t>(kLimit) + 1, std::int64_t{16} << 20}) {
      std::string stored;
      AppendFixed(stored, declared);
      stored.append(16, 'x');
      const auto raw_bytes = RawSize(kind, stored, kLimit);
      ASSERT_FALSE(raw_bytes.ok()) << declared;
      EXPECT_EQ(raw_bytes.error().code(), ErrorCode::kCorruption);
    }
    EXPECT_FALSE(RawSize(kind, "1234567", kLimit).ok());
    EXPECT_EQ(RawSize(kind, "", kLimit).value(), 0U);
  }
  EXPECT_FALSE(RawSize(CompressionKind::kNone, "12345678", 7).ok());
  EXPECT_EQ(RawSize(CompressionKind::kNone, "12345678", 8).value(), 8U);
}

TEST(BufferCodec, ABufferThatDecodesToAnotherSizeIsCorrupt) {
  for (const CompressionKind kind : kCodecs) {
    const std::string stored = Store(kind, std::string(10000, 'z'), 0);
    for (const std::int64_t declared : {0, 1, 9999, 10001, 12000}) {
      std::string changed = stored;
      StoreFixed(changed.data(), declared);
      const auto decoded = DecodeAll(kind, changed);
      ASSERT_FALSE(decoded.ok()) << declared;
      EXPECT_EQ(decoded.error().code(), ErrorCode::kCorruption);
    }
    std::string wrong_place(9999, '\0');
    EXPECT_FALSE(Decode(kind, stored, wrong_place).ok());
    EXPECT_FALSE(DecodeRange(kind, stored, 0, 0, 1, wrong_place).ok());
    EXPECT_FALSE(DecodeAll(kind, stored + "x").ok());
  }
}

TEST(BufferCodec, TruncationsAndFlippedBitsNeverReachBeyondTheirMemory) {
  Random random(testing::TestSeed(13));
  const std::string raw = MixedBytes(random, 3000);
  for (const CompressionKind kind : kCodecs) {
    const std::string stored = Store(kind, raw, 1024);
    ASSERT_EQ(Declared(stored), 3000);
    for (std::size_t size = 0; size < stored.size(); ++size) {
      // A copy of exactly this size, so that the address sanitizer sees any read beyond it.
      const std::vector<char> cut(stored.begin(),
                                  stored.begin() + static_cast<std::ptrdiff_t>(size));
      const auto decoded = DecodeAll(kind, std::string_view(cut.data(), cut.size()));
      ASSERT_TRUE(size == 0 ? decoded->empty() : !decoded.ok()) << size;
    }
    for (std::size_t byte = 0; byte < stored.size(); ++byte) {
      for (int bit = 0; bit < 8; ++bit) {
        std::vector<char> changed(stored.begin(), stored.end());
        changed[byte] = static_cast<char>(changed[byte] ^ (1 << bit));
        const std::string_view view(changed.data(), changed.size());
        const auto decoded = DecodeAll(kind, view);
        if (decoded.ok()) {
          EXPECT_EQ(decoded->size(), raw.size());
        }
        std::string out(raw.size(), '\0');
        for (std::uint64_t begin = 0; begin < raw.size(); begin += 1000) {
          (void)DecodeRange(kind, view, 1024, begin, begin + 1000, out).ok();
        }
      }
    }
  }
}

}  // namespace
}  // namespace quiver::arrow_ipc
