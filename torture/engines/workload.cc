#include "engines/workload.h"

#include <charconv>

#include "base/random.h"

namespace quiver::torture {

namespace {

std::uint64_t Mix(std::uint64_t seed, std::uint32_t writer, std::uint64_t number) {
  return Random(seed ^ (number * 0x9E3779B97F4A7C15ULL) ^ (std::uint64_t{writer} << 56)).Next();
}

// Reads a number and the colon behind it off the front of `text`.
bool TakeNumber(std::string_view& text, std::uint64_t& number) {
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || stop == end || *stop != ':') return false;
  text.remove_prefix(static_cast<std::size_t>(stop - text.data()) + 1);
  return true;
}

}  // namespace

std::string Workload::Key(std::uint32_t writer, std::uint32_t slot) const {
  return "w" + std::to_string(writer) + "/slot" + std::to_string(slot);
}

std::string Workload::Value(std::uint32_t writer, std::uint32_t slot, std::uint64_t number) const {
  std::string value = std::to_string(writer) + ":" + std::to_string(slot) + ":" +
                      std::to_string(number) + ":" + std::to_string(seed) + ":";
  Random random(Mix(seed, writer, number) + slot);
  const std::uint64_t padding = number % 64 == 63 ? random.Below(2400) : random.Below(400);
  // Half of it repeats, so that codecs have something to do.
  for (std::uint64_t i = 0; i < padding; i += 8) {
    const std::uint64_t word = i % 16 == 0 ? random.Next() : seed;
    for (unsigned shift = 0; shift < 64; shift += 8) {
      value.push_back(static_cast<char>('a' + (word >> shift) % 26));
    }
  }
  return value;
}

std::uint32_t Workload::DeletedPart(std::uint32_t writer, std::uint64_t number) const {
  const std::uint64_t mixed = Mix(seed ^ 0xD1CE, writer, number);
  return mixed % 4 == 0 ? static_cast<std::uint32_t>((mixed >> 8) % kPartCount) : kPartCount;
}

std::vector<Change> Workload::Batch(std::uint32_t writer, std::uint64_t number) const {
  const std::uint32_t deleted = DeletedPart(writer, number);
  std::vector<Change> changes;
  for (std::uint32_t part = 0; part < kPartCount; ++part) {
    const auto slot = static_cast<std::uint32_t>((number * kPartCount + part) % slots);
    Change change{Key(writer, slot), std::nullopt};
    if (part != deleted) change.value = Value(writer, slot, number);
    changes.push_back(std::move(change));
  }
  return changes;
}

std::uint64_t Workload::BatchBytes(std::uint32_t writer, std::uint64_t number) const {
  std::uint64_t bytes = 0;
  for (const Change& change : Batch(writer, number)) {
    bytes += change.key.size() + (change.value ? change.value->size() : 0);
  }
  return bytes;
}

std::optional<std::string> Workload::Expected(std::uint32_t writer, std::uint32_t slot,
                                              std::uint64_t number) const {
  // The newest batch up to `number` that touched the slot: the same place in the ring.
  const std::uint64_t ring = slots / kPartCount;
  const std::uint64_t place = slot / kPartCount;
  const std::uint64_t behind = (number % ring + ring - place) % ring;
  if (behind >= number) return std::nullopt;  // batch 0 was never written
  const std::uint64_t last = number - behind;
  if (DeletedPart(writer, last) == slot % kPartCount) return std::nullopt;
  return Value(writer, slot, last);
}

std::optional<Workload::Claim> Workload::ParseClaim(std::string_view value) {
  std::uint64_t writer = 0;
  std::uint64_t slot = 0;
  Claim claim;
  if (!TakeNumber(value, writer) || !TakeNumber(value, slot) || !TakeNumber(value, claim.number) ||
      !TakeNumber(value, claim.seed)) {
    return std::nullopt;
  }
  claim.writer = static_cast<std::uint32_t>(writer);
  claim.slot = static_cast<std::uint32_t>(slot);
  return claim;
}

}  // namespace quiver::torture
