#include "admin/backup_record.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>

#include "base/hash.h"
#include "base/hex64.h"
#include "base/try.h"
#include "sstable/table_format.h"
#include "version/version_set.h"

namespace quiver {

namespace {

constexpr std::string_view kFirstLine = "quiver backup";
constexpr std::uint64_t kFormatVersion = 1;
constexpr std::string_view kRecordPrefix = "BACKUP-";
constexpr std::string_view kChecksumLabel = "checksum ";
constexpr std::string_view kTableSuffix = ".arrow";
constexpr std::size_t kNumberDigits = 10;
constexpr std::size_t kHexDigits = 16;

std::string Padded(std::uint64_t number) {
  std::array<char, 24> text{};
  const int size =
      std::snprintf(text.data(), text.size(), "%010llu", static_cast<unsigned long long>(number));
  return {text.data(), static_cast<std::size_t>(size)};
}

// One spelling a number: no sign, no zeros before it.
bool ParseDecimal(std::string_view text, std::uint64_t& value) {
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && stop == text.data() + text.size() && std::to_string(value) == text;
}
bool ParseHex(std::string_view text, std::uint64_t& value) {
  return ConsumeHex64(text, value) && text.empty();
}

bool IsFileOfDatabase(std::string_view name) {
  switch (ParseFileName(name).kind) {
    case FileKind::kTable:
    case FileKind::kManifest:
    case FileKind::kCurrent:
    case FileKind::kIdentity:
    case FileKind::kConfig: return true;
    default: return false;
  }
}

std::vector<std::string_view> Split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

class Decoder {
 public:
  Decoder(std::string name, std::string_view text) : name_(std::move(name)), text_(text) {}

  Result<BackupRecord> Run() {
    QUIVER_TRY(CheckWhole());
    lines_ = Split(text_, '\n');
    if (!lines_.back().empty()) return Damaged("has a last line without an end");
    lines_.pop_back();
    BackupRecord record;
    std::uint64_t format = 0;
    if (lines_.empty() || lines_[0] != kFirstLine) return Damaged("is no description of a backup");
    next_ = 1;
    QUIVER_TRY(Number("format", format));
    if (format != kFormatVersion) {
      return Error(ErrorCode::kUnsupported,
                   "the backup has format " + std::to_string(format) +
                       ", this build knows format " + std::to_string(kFormatVersion) +
                       " only; use a newer build",
                   name_);
    }
    QUIVER_TRY(Number("id", record.id));
    QUIVER_TRY(Database(record.database_id));
    QUIVER_TRY(Number("created_us", record.created_us));
    QUIVER_TRY(Number("sequence", record.sequence));
    QUIVER_TRY(Number("new_bytes", record.new_bytes));
    while (next_ < lines_.size()) QUIVER_TRY(File(record));
    return record;
  }

 private:
  Error Damaged(const std::string& what) const {
    return Error(ErrorCode::kCorruption,
                 what + "; restore the file from a copy of the backups, or delete this backup",
                 name_);
  }

  // Takes the checksum line off, if it is right.
  Result<void> CheckWhole() {
    const std::size_t line = text_.rfind(kChecksumLabel);
    if (line == std::string_view::npos) return Damaged("has no checksum");
    std::uint64_t checksum = 0;
    std::string_view rest = text_.substr(line + kChecksumLabel.size());
    if (!ConsumeHex64(rest, checksum) || rest != "\n") {
      return Damaged("ends with a malformed checksum");
    }
    text_ = text_.substr(0, line);
    const std::uint64_t expected = Checksum(text_, 0);
    if (checksum == expected) return {};
    return Damaged("the checksum is " + Hex64(checksum) + ", expected " + Hex64(expected));
  }

  Error Misread() const { return Damaged("line " + std::to_string(next_ + 1) + " cannot be read"); }
  std::vector<std::string_view> Words() const {
    return next_ < lines_.size() ? Split(lines_[next_], ' ') : std::vector<std::string_view>();
  }
  Result<void> Number(std::string_view label, std::uint64_t& value) {
    const auto words = Words();
    if (words.size() != 2 || words[0] != label || !ParseDecimal(words[1], value)) return Misread();
    ++next_;
    return {};
  }
  Result<void> Database(DatabaseId& id) {
    const auto words = Words();
    std::string_view digits = words.size() == 2 ? words[1] : std::string_view();
    if (words.size() != 2 || words[0] != "database" || !ConsumeHex64(digits, id.high) ||
        !ParseHex(digits, id.low)) {
      return Misread();
    }
    ++next_;
    return {};
  }
  Result<void> File(BackupRecord& record) {
    const auto words = Words();
    const bool is_table = words[0] == "table";
    BackupFile file;
    if (words.size() != (is_table ? 5U : 4U) || (!is_table && words[0] != "file") ||
        !IsFileOfDatabase(words[1]) || !ParseDecimal(words[2], file.size_bytes) ||
        !ParseHex(words[3], file.checksum) || (is_table && !ParseHex(words[4], file.digest))) {
      return Misread();
    }
    file.name = words[1];
    if (file.is_table() != is_table) return Misread();
    record.files.push_back(std::move(file));
    ++next_;
    return {};
  }

  const std::string name_;
  std::string_view text_;
  std::vector<std::string_view> lines_;
  std::size_t next_ = 0;
};

}  // namespace

bool BackupFile::is_table() const {
  return ParseTableName(name) != 0;
}

std::string BackupRecord::Encode() const {
  std::string text(kFirstLine);
  text += "\nformat " + std::to_string(kFormatVersion);
  text += "\nid " + std::to_string(id);
  text += "\ndatabase " + Hex64(database_id.high) + Hex64(database_id.low);
  text += "\ncreated_us " + std::to_string(created_us);
  text += "\nsequence " + std::to_string(sequence);
  text += "\nnew_bytes " + std::to_string(new_bytes) + "\n";
  for (const BackupFile& file : files) {
    text += file.is_table() ? "table " : "file ";
    text += file.name + " " + std::to_string(file.size_bytes) + " " + Hex64(file.checksum);
    if (file.is_table()) text += " " + Hex64(file.digest);
    text += "\n";
  }
  const std::uint64_t checksum = Checksum(text, 0);
  return text.append(kChecksumLabel).append(Hex64(checksum)).append("\n");
}

Result<BackupRecord> BackupRecord::Decode(std::uint64_t id, std::string_view text) {
  const std::string name = BackupRecordName(id);
  QUIVER_ASSIGN_OR_RETURN(BackupRecord record, Decoder(name, text).Run());
  if (record.id == id) return record;
  return Error(ErrorCode::kCorruption,
               "describes backup " + std::to_string(record.id) + ": it was renamed; rename it back",
               name);
}

BackupInfo BackupRecord::Info() const {
  BackupInfo info{.id = id,
                  .database_id = database_id.ToString(),
                  .created_us = created_us,
                  .sequence = sequence,
                  .files = files.size(),
                  .new_bytes = new_bytes};
  for (const BackupFile& file : files) info.bytes += file.size_bytes;
  return info;
}

std::string BackupRecord::StoredName(const BackupFile& file) const {
  if (!file.is_table()) return Padded(id) + "-" + file.name;
  const std::string_view stem =
      std::string_view(file.name).substr(0, file.name.size() - kTableSuffix.size());
  return std::string(stem) + "-" + Hex64(file.digest) + std::string(kTableSuffix);
}

std::string BackupRecordName(std::uint64_t id) {
  return std::string(kRecordPrefix) + Padded(id);
}

std::uint64_t ParseBackupRecordName(std::string_view name) {
  if (!name.starts_with(kRecordPrefix)) return 0;
  std::uint64_t id = 0;
  const std::string_view digits = name.substr(kRecordPrefix.size());
  const auto [stop, error] = std::from_chars(digits.data(), digits.data() + digits.size(), id);
  return error == std::errc() && BackupRecordName(id) == name ? id : 0;
}

bool IsStoredName(std::string_view name) {
  const std::size_t dash = name.find('-');
  if (dash == std::string_view::npos || dash < kNumberDigits ||
      !std::ranges::all_of(name.substr(0, dash), [](char c) { return c >= '0' && c <= '9'; })) {
    return false;
  }
  std::string_view rest = name.substr(dash + 1);
  std::uint64_t digest = 0;
  if (rest.size() == kHexDigits + kTableSuffix.size() && ConsumeHex64(rest, digest)) {
    return rest == kTableSuffix;
  }
  return ParseFileName(name.substr(dash + 1)).kind != FileKind::kTable &&
         IsFileOfDatabase(name.substr(dash + 1));
}

}  // namespace quiver
