// torture-bit_rot (T5): damage to any file of a database gives an error, or the right answer.
//
// Goal: silent wrong answers = 0, crashes = 0, hangs = 0, for every bit of every byte of every file
// of a small database (log, table without compression, with lz4, with zstd, manifest, CURRENT,
// IDENTITY, CONFIG.toml), and for sectors of 512 and 4,096 bytes zeroed, a cut at every length,
// garbage behind the end, blocks and files swapped, older copies, deleted and duplicated files. The
// same for a checkpoint, for the backups in a directory and for a database that is followed.
//
// Method: a database of 64 keys in three states that hide each other (a merged table, a newer table
// with deletes, a log with puts, deletes and a batch), closed cleanly. For each damage a fresh copy
// is opened for writing, each key is looked up, absent keys too, and everything is scanned. The
// same flips, drawn at random, on the peers with default and strictest options.
//
// Oracle: the rows that were written. An answer that differs is excused only by what the open
// announced (an error, or its recovery report); if another call gave an error it is still counted,
// as wrong_answer. For Quiver silent, wrong_answer, crash and hang are violations.
//
// What it cannot see: two damages at once that cancel out in a 64-bit checksum; damage while the
// database is open.
//
// Plan: "VARIANT/DAMAGE", e.g. "lz4/bit:0000000012.arrow:0000000012.arrow:4711:3", on Quiver; the
// copies' variants are checkpoint, backup and follower.
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>

#include "bit_rot/damage_check.h"
#include "harness/torture_run.h"

namespace quiver::torture {

namespace {

constexpr std::size_t kPeerFlips = 1000;
constexpr std::array<std::string_view, 3> kCopies = {"checkpoint", "backup", "follower"};
// Ends of the phases as parts of the time.
constexpr double kOtherEnd = 0.20;
constexpr double kPeersEnd = 0.40;

/// Where the damaged copies are opened: in memory if there is such a place, which makes some twenty
/// times as many a second of them as a disk that each open and close syncs.
class Scratch {
 public:
  explicit Scratch(const std::filesystem::path& otherwise)
      : path_("/dev/shm/quiver-bit-rot-" + std::to_string(::getpid())) {
    // A full disk would look like damage that was reported.
    constexpr std::uintmax_t kAmpleBytes = std::uintmax_t{1} << 30;
    std::error_code error;
    const std::filesystem::space_info room = std::filesystem::space(path_.parent_path(), error);
    const bool is_ample = !error && room.available >= kAmpleBytes;
    if (!is_ample || !std::filesystem::create_directory(path_, error))
      path_ = otherwise / "damaged";
  }
  ~Scratch() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

void Shuffle(std::vector<Damage>& damages, Random& random) {
  for (std::size_t i = damages.size(); i > 1; --i)
    std::swap(damages[i - 1], damages[random.Below(i)]);
}

class BitRot {
 public:
  explicit BitRot(TortureRun& run) : run_(run), random_(run.seed()) {}

  int Run() {
    if (!run_.plan().empty()) return RunPlan();
    std::vector<Subject> subjects;
    for (const char* compression : {"none", "lz4", "zstd"}) {
      auto subject = MakeQuiverSubject(compression, run_.directory());
      if (!subject) return Broken(subject.error());
      subjects.push_back(std::move(*subject));
    }
    for (const std::string_view copy : kCopies) {
      auto subject = MakeCopySubject(std::string(copy), run_.directory());
      if (!subject) return Broken(subject.error());
      subjects.push_back(std::move(*subject));
    }
    if (!CheckUndamaged(subjects)) return run_.Finish();
    for (std::size_t i = 0; i < subjects.size(); ++i) {
      RunOther(subjects[i],
               kOtherEnd * static_cast<double>(i + 1) / static_cast<double>(subjects.size()));
    }
    RunPeers();
    RunBits(subjects);
    return run_.Finish();
  }

 private:
  int Broken(const Error& error) {
    run_.Fail("none/none", "the subject cannot be made: " + error.ToString());
    return run_.Finish();
  }

  // Without damage the answer is right: else every figure below would mean nothing.
  bool CheckUndamaged(const std::vector<Subject>& subjects) {
    for (const Subject& subject : subjects) {
      const std::vector<Damage> none{{}};
      const auto outcomes = Check(subject, none, 2);
      if (outcomes.at(0) == Outcome::kRight) continue;
      run_.Fail(subject.variant + "/" + DamageText({}, subject),
                "undamaged: " + std::string(OutcomeName(outcomes.at(0))));
      return false;
    }
    return true;
  }

  std::vector<Outcome> Check(const Subject& subject, const std::vector<Damage>& damages,
                             double end) {
    return CheckDamages(subject, damages, scratch_.path(), [&] { return run_.Progress() < end; });
  }

  void Tally(const Subject& subject, const std::vector<Damage>& damages,
             const std::vector<Outcome>& outcomes, const std::string& what) {
    for (std::size_t i = 0; i < outcomes.size(); ++i) {
      const Outcome outcome = outcomes[i];
      const std::string& type = subject.files[damages[i].file].type;
      const std::string stem =
          subject.label + "_" +
          (what.empty() ? std::string(DamageName(damages[i].kind)) : what + "_" + type);
      run_.Count(stem + "_checked");
      run_.Count(stem + "_" + std::string(OutcomeName(outcome)));
      run_.Count(subject.label + "_damages");
      const bool unseen = subject.every_flip_is_damage && outcome == Outcome::kRight &&
                          damages[i].kind == DamageKind::kBit;
      if (!unseen && (outcome == Outcome::kRight || outcome == Outcome::kReported)) continue;
      run_.Count(subject.label + "_" + (unseen ? "unseen" : std::string(OutcomeName(outcome))));
      if (!subject.label.starts_with("quiver")) continue;
      run_.Fail(subject.variant + "/" + DamageText(damages[i], subject),
                (unseen ? "not reported" : std::string(OutcomeName(outcome))) + " (" + type + ")");
    }
  }

  void RunOther(const Subject& subject, double end) {
    std::vector<Damage> damages = EveryOtherDamage(subject);
    // A log that ends early is what a writer's death leaves, and no follower can know better.
    std::erase_if(damages, [&](const Damage& damage) {
      return subject.variant == "follower" && subject.files[damage.file].type == "log" &&
             damage.kind != DamageKind::kDelete && damage.kind != DamageKind::kSwapFiles &&
             damage.kind != DamageKind::kDuplicate;
    });
    Shuffle(damages, random_);
    // A short run must not spend itself on the two kinds that are thousands.
    std::partition(damages.begin(), damages.end(), [](const Damage& damage) {
      return damage.kind != DamageKind::kTruncate && damage.kind != DamageKind::kSwapBlocks;
    });
    run_.Count(subject.label + "_other_damages_possible", static_cast<double>(damages.size()));
    Tally(subject, damages, Check(subject, damages, end), "");
  }

  void RunPeers() {
    const std::vector<EngineKind>& kinds = EngineKinds();
    const double combinations = static_cast<double>(kinds.size() - 1) * 2;
    double done = 0;
    for (std::size_t i = 1; i < kinds.size(); ++i) {
      for (const Checks checks : {Checks::kDefault, Checks::kStrictest}) {
        done += 1;
        auto subject = MakePeerSubject(kinds[i], checks, run_.directory());
        if (!subject) {
          std::printf("%s: %s\n", kinds[i].name.c_str(), subject.error().ToString().c_str());
          continue;
        }
        std::vector<Damage> damages = EveryBit(*subject, "");
        Shuffle(damages, random_);
        damages.resize(std::min(damages.size(), kPeerFlips));
        const double end = kOtherEnd + (kPeersEnd - kOtherEnd) * done / combinations;
        Tally(*subject, damages, Check(*subject, damages, end), "bit");
      }
    }
  }

  // Tables differ between the compressions, the other files of the database are checked once.
  void RunBits(const std::vector<Subject>& subjects) {
    struct Part {
      const Subject* subject;
      std::vector<Damage> damages;
      std::size_t checked = 0;
    };
    std::vector<Part> parts;
    for (const Subject& subject : subjects) {
      const bool tables_only = subject.label == "quiver" && &subject != &subjects[0];
      parts.push_back({&subject, EveryBit(subject, tables_only ? "table" : "")});
      Shuffle(parts.back().damages, random_);
      run_.Count(subject.label + "_bits_possible",
                 static_cast<double>(parts.back().damages.size()));
    }
    // In turns, so that a short run samples all of them.
    constexpr std::size_t kTurn = 4096;
    for (bool some = true; some && run_.TimeLeft();) {
      some = false;
      for (Part& part : parts) {
        const std::size_t count = std::min(kTurn, part.damages.size() - part.checked);
        if (count == 0) continue;
        some = true;
        const auto first = part.damages.begin() + static_cast<std::ptrdiff_t>(part.checked);
        const std::vector<Damage> turn(first, first + static_cast<std::ptrdiff_t>(count));
        const auto outcomes = Check(*part.subject, turn, 1);
        Tally(*part.subject, turn, outcomes, "bit");
        run_.Count(part.subject->label + "_bits_flipped", static_cast<double>(outcomes.size()));
        part.checked += count;
      }
    }
  }

  int RunPlan() {
    const std::size_t slash = run_.plan().find('/');
    const std::string variant = run_.plan().substr(0, slash);
    const bool is_copy = std::ranges::find(kCopies, variant) != kCopies.end();
    auto subject = is_copy ? MakeCopySubject(variant, run_.directory())
                           : MakeQuiverSubject(variant, run_.directory());
    if (!subject) return Broken(subject.error());
    const auto damage = slash == std::string::npos
                            ? std::nullopt
                            : ParseDamage(run_.plan().substr(slash + 1), *subject);
    if (!damage) {
      run_.Fail(run_.plan(), "this plan names no place in the database; is it VARIANT/DAMAGE?");
      return run_.Finish();
    }
    const std::vector<Damage> damages{*damage};
    Tally(*subject, damages, Check(*subject, damages, 1e9), "");
    return run_.Finish();
  }

  TortureRun& run_;
  const Scratch scratch_{run_.directory()};
  Random random_;
};

}  // namespace

}  // namespace quiver::torture

int main(int argc, char** argv) {
  quiver::torture::TortureRun run("bit_rot", argc, argv);
  return quiver::torture::BitRot(run).Run();
}
