// What libFuzzer calls, for the one target named QUIVER_FUZZ_TARGET.
//
// The mutator keeps checksums from shutting the fuzzer out: it mutates either the whole input or a
// window whose size stays (so that the offsets in the file stay true), or changes one part to
// another that the format allows (change.h), and then signs the result. One input in eight is left
// unsigned, one in four is signed but for links that `choice` leaves.
//
// Thread safety: one thread.
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

#include "base/check.h"
#include "base/random.h"
#include "fuzz_target.h"

#define QUIVER_FUZZ_STRING_OF(name) #name
#define QUIVER_FUZZ_STRING(name) QUIVER_FUZZ_STRING_OF(name)

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max_size);

namespace quiver::fuzz {

namespace {

constexpr std::size_t kWindowBytesMax = 64;

const Target& ThisTarget() {
  static const Target* const target = FindTarget(QUIVER_FUZZ_STRING(QUIVER_FUZZ_TARGET));
  QUIVER_CHECK(target != nullptr);
  return *target;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ThisTarget().run({reinterpret_cast<const char*>(data), size});
  return 0;
}

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t max_size, unsigned int seed) {
  const Target& target = ThisTarget();
  Random random(seed);
  if (target.change != nullptr && random.OneIn(3)) {
    std::string input(reinterpret_cast<const char*>(data), size);
    if (target.change(input, random) && input.size() <= max_size) {
      if (target.sign != nullptr) target.sign(input, random.OneIn(4) ? random.Next() : 0);
      size = std::min(input.size(), max_size);
      std::memcpy(data, input.data(), size);
      return size;
    }
  }
  if (size < 2 || target.sign == nullptr || random.OneIn(2)) {
    size = LLVMFuzzerMutate(data, size, max_size);
  } else {
    // Fields are what parsers believe, and most stand at multiples of four.
    std::size_t begin = random.Below(size);
    if (random.OneIn(2)) begin -= begin % 4;
    const std::size_t most = std::min(kWindowBytesMax, size - begin);
    const std::size_t window = random.OneIn(2) ? std::min<std::size_t>(4, most) : most;
    LLVMFuzzerMutate(data + begin, window, window);
  }
  if (target.sign == nullptr || random.OneIn(8)) return size;
  std::string input(reinterpret_cast<const char*>(data), size);
  target.sign(input, random.OneIn(4) ? random.Next() : 0);
  size = std::min(input.size(), max_size);
  std::memcpy(data, input.data(), size);
  return size;
}

}  // namespace quiver::fuzz
