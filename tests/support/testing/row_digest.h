// The digest by which tests compare the rows that different Arrow readers see: SHA-256 over each
// row's u32 key bytes, key, u8 null flag, u32 value bytes, value and, where the columns exist,
// u64 sequence and u8 operation. tests/interop/row_digest.py and check_arrow.mjs do the same.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace quiver::testing {

/// SHA-256 as FIPS 180-4 defines it.
class Sha256 {
 public:
  void Add(std::string_view bytes) {
    size_bytes_ += bytes.size();
    while (!bytes.empty()) {
      const std::size_t taken = std::min(bytes.size(), block_.size() - filled_);
      std::copy_n(bytes.data(), taken, block_.begin() + static_cast<std::ptrdiff_t>(filled_));
      filled_ += taken;
      bytes.remove_prefix(taken);
      if (filled_ == block_.size()) AddBlock();
    }
  }

  /// In hexadecimal. No Add afterwards.
  std::string Finish() {
    const std::uint64_t size_bits = size_bytes_ * 8;
    Add(std::string_view("\x80", 1));
    while (filled_ != 56) Add(std::string_view("\0", 1));
    for (int shift = 56; shift >= 0; shift -= 8) {
      const char byte = static_cast<char>(size_bits >> shift);
      Add(std::string_view(&byte, 1));
    }
    std::string text;
    for (const std::uint32_t word : state_) {
      for (int shift = 28; shift >= 0; shift -= 4) {
        text += "0123456789abcdef"[word >> shift & 15];
      }
    }
    return text;
  }

 private:
  static constexpr std::array<std::uint32_t, 64> kRound = {
      0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4,
      0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe,
      0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f,
      0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7,
      0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc,
      0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
      0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116,
      0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
      0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
      0xc67178f2};

  void AddBlock() {
    std::array<std::uint32_t, 64> w{};
    for (std::size_t i = 0; i < 64; ++i) {
      const auto byte = static_cast<std::uint8_t>(block_[i]);
      w[i / 4] |= std::uint32_t{byte} << (24 - 8 * (i % 4));
    }
    for (std::size_t i = 16; i < 64; ++i) {
      const std::uint32_t a = w[i - 15];
      const std::uint32_t b = w[i - 2];
      w[i] = w[i - 16] + w[i - 7] + (std::rotr(a, 7) ^ std::rotr(a, 18) ^ (a >> 3)) +
             (std::rotr(b, 17) ^ std::rotr(b, 19) ^ (b >> 10));
    }
    auto [a, b, c, d, e, f, g, h] = state_;
    for (std::size_t i = 0; i < 64; ++i) {
      const std::uint32_t first = h + (std::rotr(e, 6) ^ std::rotr(e, 11) ^ std::rotr(e, 25)) +
                                  ((e & f) ^ (~e & g)) + kRound[i] + w[i];
      const std::uint32_t second =
          (std::rotr(a, 2) ^ std::rotr(a, 13) ^ std::rotr(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
      h = g;
      g = f;
      f = e;
      e = d + first;
      d = c;
      c = b;
      b = a;
      a = first + second;
    }
    const std::array<std::uint32_t, 8> sum = {a, b, c, d, e, f, g, h};
    for (std::size_t i = 0; i < 8; ++i) state_[i] += sum[i];
    filled_ = 0;
  }

  std::array<std::uint32_t, 8> state_ = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                         0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  std::array<char, 64> block_{};
  std::size_t filled_ = 0;
  std::uint64_t size_bytes_ = 0;
};

class RowDigest {
 public:
  /// `value` is nullopt for a null. Give `sequence` and `operation` for every row or for none.
  void Add(std::string_view key, std::optional<std::string_view> value,
           std::optional<std::uint64_t> sequence = {}, std::optional<std::uint8_t> operation = {}) {
    ++rows_;
    AddNumber(key.size(), 4);
    sha256_.Add(key);
    AddNumber(value ? 0 : 1, 1);
    AddNumber(value ? value->size() : 0, 4);
    if (value) sha256_.Add(*value);
    if (sequence) AddNumber(*sequence, 8);
    if (operation) AddNumber(*operation, 1);
  }
  std::uint64_t rows() const { return rows_; }
  /// In hexadecimal. No Add afterwards.
  std::string Finish() { return sha256_.Finish(); }

 private:
  void AddNumber(std::uint64_t number, int bytes) {
    for (int i = 0; i < bytes; ++i) {
      const char byte = static_cast<char>(number >> (8 * i));
      sha256_.Add(std::string_view(&byte, 1));
    }
  }

  Sha256 sha256_;
  std::uint64_t rows_ = 0;
};

}  // namespace quiver::testing
