// See segment_chain.h.
#include "wal/segment_chain.h"

#include <algorithm>
#include <utility>

#include "base/try.h"
#include "wal/segment_reader.h"

namespace quiver::wal {

namespace {

struct SegmentFile {
  std::uint64_t number = 0;
  std::string name;
  HeaderReading reading;

  bool valid() const noexcept { return reading.state == HeaderState::kValid; }
};

class ChainBuilder {
 public:
  ChainBuilder(const RecoveryOptions& options, RecoveryResult& result)
      : options_(options), result_(result) {}

  Result<SegmentChain> Build();

 private:
  bool salvage() const noexcept { return options_.mode == WalRecoveryMode::kSkipAnyCorrupt; }

  Result<std::vector<SegmentFile>> ListFiles();
  Result<SegmentFile> ReadFile(std::uint64_t number);
  // Refuses, or in salvage reports and goes on.
  Result<void> Refuse(const std::string& file, const std::string& what);
  Result<void> Link(SegmentFile file);
  // Segments without a valid header before `successor`.
  Result<void> JudgePassedOver(const SegmentFile& successor);
  // Whether `file` continues the chain so far.
  Result<void> CheckLink(const SegmentFile& file);
  // A segment without a valid header behind all others.
  Result<void> JudgeUnstarted(const SegmentFile& file);
  Result<bool> HasFrames(const SegmentFile& file);
  void Add(const SegmentFile& file);

  const RecoveryOptions& options_;
  RecoveryResult& result_;
  SegmentChain chain_;
  std::vector<SegmentFile> without_header_;  // since the last valid one
};

Result<void> ChainBuilder::Refuse(const std::string& file, const std::string& what) {
  if (!salvage()) {
    return Error(ErrorCode::kCorruption,
                 what +
                     "; restore the log from a copy, or open with wal_recovery_mode = "
                     "skip_any_corrupt to salvage what is left",
                 file);
  }
  result_.losses.push_back(file + ": " + what);
  return {};
}

Result<SegmentFile> ChainBuilder::ReadFile(std::uint64_t number) {
  SegmentFile file{.number = number, .name = SegmentName(number)};
  QUIVER_ASSIGN_OR_RETURN(auto reader,
                          SegmentReader::Open(*options_.directory, file.name,
                                              options_.database_id.FileIdentity(number)));
  QUIVER_ASSIGN_OR_RETURN(const std::string_view bytes, reader.ReadHeader());
  file.reading = DecodeSegmentHeader(bytes, &options_.database_id, number);
  return file;
}

Result<std::vector<SegmentFile>> ChainBuilder::ListFiles() {
  QUIVER_ASSIGN_OR_RETURN(const auto entries, options_.directory->List());
  for (const io::DirectoryEntry& entry : entries) {
    const std::uint64_t number = ParseSegmentName(entry.name);
    if (number == 0 || number >= options_.segment_number_end) continue;
    result_.highest_segment = std::max(result_.highest_segment, number);
    if (number >= options_.first_segment) chain_.existing.push_back(number);
  }
  std::ranges::sort(chain_.existing);
  std::vector<SegmentFile> files;
  for (const std::uint64_t number : chain_.existing) {
    QUIVER_ASSIGN_OR_RETURN(SegmentFile file, ReadFile(number));
    if (file.reading.state == HeaderState::kUnsupported) {
      return Error(ErrorCode::kUnsupported, file.reading.problem, file.name, 0);
    }
    if (file.reading.state == HeaderState::kForeign) {
      QUIVER_TRY(Refuse(file.name, file.reading.problem));
      continue;
    }
    files.push_back(std::move(file));
  }
  return files;
}

Result<bool> ChainBuilder::HasFrames(const SegmentFile& file) {
  QUIVER_ASSIGN_OR_RETURN(auto reader,
                          SegmentReader::Open(*options_.directory, file.name,
                                              options_.database_id.FileIdentity(file.number)));
  QUIVER_ASSIGN_OR_RETURN(const std::optional<Frame> frame,
                          reader.FindFrame(kHeaderBytes, reader.size_bytes()));
  return frame.has_value();
}

void ChainBuilder::Add(const SegmentFile& file) {
  ChainSegment segment{.number = file.number, .name = file.name};
  if (file.valid()) {
    segment.header = file.reading.header;
    const ChainEnd& predecessor = file.reading.header.predecessor;
    if (!chain_.segments.empty() && chain_.segments.back().number == predecessor.segment_number) {
      chain_.segments.back().sealed_end = predecessor;
      chain_.segments.back().successor_name = file.name;
    }
  }
  chain_.segments.push_back(std::move(segment));
}

Result<void> ChainBuilder::JudgePassedOver(const SegmentFile& successor) {
  const std::uint64_t predecessor = successor.reading.header.predecessor.segment_number;
  for (const SegmentFile& file : std::exchange(without_header_, {})) {
    if (file.number == predecessor) {
      QUIVER_TRY(Refuse(file.name, file.reading.problem + ", but " + successor.name +
                                       " continues it, so it was once whole"));
      Add(file);  // only salvage gets here
      continue;
    }
    QUIVER_ASSIGN_OR_RETURN(const bool has_frames, HasFrames(file));
    if (salvage() && has_frames) {
      QUIVER_TRY(Refuse(file.name, file.reading.problem + "; its frames are read without it"));
      Add(file);
    } else {
      result_.notes.push_back(file.name + ": " + file.reading.problem +
                              "; an earlier recovery passed over it");
    }
  }
  return {};
}

Result<void> ChainBuilder::CheckLink(const SegmentFile& file) {
  const std::uint64_t predecessor = file.reading.header.predecessor.segment_number;
  if (!chain_.segments.empty()) {
    const ChainSegment& previous = chain_.segments.back();
    if (predecessor == previous.number) return {};
    if (!chain_.Exists(predecessor)) {
      return Refuse(SegmentName(predecessor),
                    "the segment is missing, " + file.name + " continues it");
    }
    return Refuse(file.name, "it continues " + SegmentName(predecessor) + ", but " + previous.name +
                                 " lies between them");
  }
  if (options_.first_segment != 0 && file.number != options_.first_segment) {
    return Refuse(SegmentName(options_.first_segment),
                  "the segment is missing or unreadable, but the manifest needs the log from it "
                  "on; the oldest one there is " +
                      file.name);
  }
  if (options_.first_segment == 0 && predecessor != 0) {
    return Refuse(SegmentName(predecessor),
                  "the segment is missing or unreadable, " + file.name + " continues it");
  }
  const SequenceNumber first = file.reading.header.first_sequence;
  if (options_.flushed_sequence != 0 && first > options_.flushed_sequence + 1) {
    return Refuse(file.name, "the log starts at sequence " + std::to_string(first) +
                                 ", but the tables end at " +
                                 std::to_string(options_.flushed_sequence));
  }
  return {};
}

Result<void> ChainBuilder::Link(SegmentFile file) {
  if (!file.valid()) {
    without_header_.push_back(std::move(file));
    return {};
  }
  QUIVER_TRY(JudgePassedOver(file));
  QUIVER_TRY(CheckLink(file));
  Add(file);
  return {};
}

Result<void> ChainBuilder::JudgeUnstarted(const SegmentFile& file) {
  const bool needed = options_.first_segment == file.number;
  QUIVER_ASSIGN_OR_RETURN(const bool has_frames, HasFrames(file));
  if (options_.running && !needed) {
    // Its header may be under way; frames come after it. With frames the header must be whole, if
    // not when it was read then by now.
    if (!has_frames) return {};
    QUIVER_ASSIGN_OR_RETURN(const SegmentFile again, ReadFile(file.number));
    if (again.valid()) return {};
  }
  if (has_frames || needed) {
    const std::string what =
        file.reading.problem + (needed ? ", but the manifest needs it, so it was once whole"
                                       : ", but it has frames, so it was once whole");
    if (options_.mode == WalRecoveryMode::kTolerateTail) {
      result_.losses.push_back(file.name + ": " + what + "; the whole segment is left out");
      return {};
    }
    QUIVER_TRY(Refuse(file.name, what));
    if (has_frames) Add(file);
    return {};
  }
  QUIVER_ASSIGN_OR_RETURN(auto reader,
                          SegmentReader::Open(*options_.directory, file.name,
                                              options_.database_id.FileIdentity(file.number)));
  QUIVER_ASSIGN_OR_RETURN(const std::uint64_t torn_bytes, reader.EndOfNonZero(0));
  if (torn_bytes != 0 && options_.mode == WalRecoveryMode::kAbsolute) {
    return Refuse(file.name, file.reading.problem + ", and the mode is absolute");
  }
  result_.torn_tail_bytes += torn_bytes;
  result_.notes.push_back(file.name + ": " + file.reading.problem +
                          "; its creation was cut short, it holds nothing");
  return {};
}

Result<SegmentChain> ChainBuilder::Build() {
  QUIVER_ASSIGN_OR_RETURN(std::vector<SegmentFile> files, ListFiles());
  for (SegmentFile& file : files) QUIVER_TRY(Link(std::move(file)));
  for (const SegmentFile& file : std::exchange(without_header_, {})) {
    QUIVER_TRY(JudgeUnstarted(file));
  }
  if (options_.first_segment != 0 && !chain_.Exists(options_.first_segment) &&
      chain_.segments.empty()) {
    QUIVER_TRY(Refuse(SegmentName(options_.first_segment),
                      "the segment is missing, but the manifest needs the log from it on"));
  }
  return std::move(chain_);
}

}  // namespace

bool SegmentChain::Exists(std::uint64_t number) const {
  return std::ranges::binary_search(existing, number);
}

Result<SegmentChain> ReadSegmentChain(const RecoveryOptions& options, RecoveryResult& result) {
  return ChainBuilder(options, result).Build();
}

}  // namespace quiver::wal
