#include "bit_rot/damage.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>

#include "base/check.h"
#include "base/random.h"

namespace quiver::torture {

namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 10> kNames{
    "none",        "bit",        "sector",     "truncate", "garbage",
    "swap_blocks", "swap_files", "older_copy", "delete",   "duplicate"};

void WriteFile(const fs::path& path, std::string_view bytes) {
  const int fd = ::open(path.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
  QUIVER_CHECK(fd >= 0);
  QUIVER_CHECK(::write(fd, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
  ::close(fd);
}

std::string Garbage(std::uint64_t length) {
  Random random(length);
  std::string bytes;
  while (bytes.size() < length) bytes.push_back(static_cast<char>(random.Next()));
  return bytes;
}

void Rot(const Damage& damage, std::string& bytes) {
  switch (damage.kind) {
    case DamageKind::kBit:
      bytes[damage.offset] = static_cast<char>(static_cast<unsigned char>(bytes[damage.offset]) ^
                                               (1U << damage.length));
      break;
    case DamageKind::kZeroSector: {
      const std::uint64_t end = std::min(damage.offset + damage.length, bytes.size());
      std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(damage.offset),
                bytes.begin() + static_cast<std::ptrdiff_t>(end), '\0');
      break;
    }
    case DamageKind::kTruncate: bytes.resize(damage.offset); break;
    case DamageKind::kGarbage: bytes += Garbage(damage.length); break;
    case DamageKind::kSwapBlocks: {
      const auto first = bytes.begin() + static_cast<std::ptrdiff_t>(damage.offset);
      const auto length = static_cast<std::ptrdiff_t>(damage.length);
      std::swap_ranges(first, first + length, first + length);
      break;
    }
    default: break;
  }
}

// The name that a stray copy could have: the next number, or any name if there is none in it.
std::string DuplicateName(const std::string& name) {
  const std::size_t digits = name.find_first_of("0123456789");
  if (digits == std::string::npos) return name + ".copy";
  const std::size_t end = name.find_first_not_of("0123456789", digits);
  std::string number = name.substr(digits, end - digits);
  std::string next = std::to_string(std::strtoull(number.c_str(), nullptr, 10) + 1);
  if (next.size() < number.size()) next.insert(0, number.size() - next.size(), '0');
  return name.substr(0, digits) + next + (end == std::string::npos ? "" : name.substr(end));
}

void AddSectors(const Subject& subject, std::uint32_t file, std::vector<Damage>& damages) {
  const std::uint64_t bytes = subject.files[file].bytes.size();
  for (const std::uint64_t sector : {std::uint64_t{512}, std::uint64_t{4096}}) {
    for (std::uint64_t offset = 0; offset < bytes; offset += sector) {
      damages.push_back({DamageKind::kZeroSector, file, file, offset, sector});
    }
  }
  for (const std::uint64_t block : {std::uint64_t{64}, std::uint64_t{512}, std::uint64_t{1024}}) {
    for (std::uint64_t offset = 0; offset + 2 * block <= bytes; offset += block) {
      damages.push_back({DamageKind::kSwapBlocks, file, file, offset, block});
    }
  }
}

}  // namespace

std::string_view DamageName(DamageKind kind) noexcept {
  return kNames[static_cast<std::size_t>(kind)];
}

std::string DamageText(const Damage& damage, const Subject& subject) {
  return std::string(DamageName(damage.kind)) + ":" + subject.files[damage.file].name + ":" +
         subject.files[damage.other].name + ":" + std::to_string(damage.offset) + ":" +
         std::to_string(damage.length);
}

std::optional<Damage> ParseDamage(std::string_view text, const Subject& subject) {
  std::array<std::string, 5> parts;
  for (std::string& part : parts) {
    const std::size_t colon = text.find(':');
    part = text.substr(0, colon);
    text.remove_prefix(colon == std::string_view::npos ? text.size() : colon + 1);
  }
  const auto* const name = std::find(kNames.begin(), kNames.end(), parts[0]);
  const auto file_at = [&](const std::string& wanted) {
    return static_cast<std::uint32_t>(
        std::find_if(subject.files.begin(), subject.files.end(),
                     [&](const SubjectFile& file) { return file.name == wanted; }) -
        subject.files.begin());
  };
  Damage damage;
  damage.kind = static_cast<DamageKind>(name - kNames.begin());
  damage.file = file_at(parts[1]);
  damage.other = file_at(parts[2]);
  damage.offset = std::strtoull(parts[3].c_str(), nullptr, 10);
  damage.length = std::strtoull(parts[4].c_str(), nullptr, 10);
  if (name == kNames.end() || damage.file >= subject.files.size() ||
      damage.other >= subject.files.size() ||
      damage.offset > subject.files[damage.file].bytes.size()) {
    return std::nullopt;
  }
  return damage;
}

std::vector<Damage> EveryBit(const Subject& subject, std::string_view type) {
  std::vector<Damage> damages;
  for (std::uint32_t file = 0; file < subject.files.size(); ++file) {
    if (!subject.files[file].type.starts_with(type)) continue;
    for (std::uint64_t offset = 0; offset < subject.files[file].bytes.size(); ++offset) {
      for (std::uint64_t bit = 0; bit < 8; ++bit) {
        damages.push_back({DamageKind::kBit, file, file, offset, bit});
      }
    }
  }
  return damages;
}

std::vector<Damage> EveryOtherDamage(const Subject& subject) {
  std::vector<Damage> damages;
  for (std::uint32_t file = 0; file < subject.files.size(); ++file) {
    AddSectors(subject, file, damages);
    const SubjectFile& current = subject.files[file];
    for (std::uint64_t length = 0; length < current.bytes.size(); ++length) {
      damages.push_back({DamageKind::kTruncate, file, file, length, 0});
    }
    for (const std::uint64_t length : {1U, 7U, 8U, 40U, 56U, 512U, 4096U}) {
      damages.push_back({DamageKind::kGarbage, file, file, 0, length});
    }
    damages.push_back({DamageKind::kDelete, file, file, 0, 0});
    damages.push_back({DamageKind::kDuplicate, file, file, 0, 0});
    if (!current.older.empty() && current.older != current.bytes) {
      damages.push_back({DamageKind::kOlderCopy, file, file, 0, 0});
    }
    for (std::uint32_t other = file + 1; other < subject.files.size(); ++other) {
      damages.push_back({DamageKind::kSwapFiles, file, other, 0, 0});
    }
  }
  return damages;
}

void ApplyDamage(const Subject& subject, const Damage& damage, const fs::path& directory) {
  fs::remove_all(directory);
  fs::create_directory(directory);
  for (std::uint32_t i = 0; i < subject.files.size(); ++i) {
    const SubjectFile& file = subject.files[i];
    const fs::path path = directory / file.name;
    const bool hit = damage.kind != DamageKind::kNone && i == damage.file;
    if (damage.kind == DamageKind::kSwapFiles && (hit || i == damage.other)) {
      WriteFile(path, subject.files[hit ? damage.other : damage.file].bytes);
    } else if (!hit) {
      WriteFile(path, file.bytes);
    } else if (damage.kind == DamageKind::kOlderCopy) {
      WriteFile(path, file.older);
    } else if (damage.kind != DamageKind::kDelete) {
      std::string bytes = file.bytes;
      Rot(damage, bytes);
      WriteFile(path, bytes);
      if (damage.kind == DamageKind::kDuplicate) {
        WriteFile(directory / DuplicateName(file.name), bytes);
      }
    }
  }
}

}  // namespace quiver::torture
