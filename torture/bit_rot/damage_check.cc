#include "bit_rot/damage_check.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <memory>
#include <thread>

#include "base/check.h"

namespace quiver::torture {

namespace {

constexpr std::size_t kSliceDamages = 64;  // few enough that a phase ends in time
// What counts as a hang. We are given longer, so that a slow machine fails no test.
constexpr unsigned kAlarmS = 60;
constexpr unsigned kPeerAlarmS = 20;
// A damaged length must not make the machine swap: asking for more than this fails.
constexpr rlim_t kAddressSpaceBytes = rlim_t{8} << 30;
constexpr int kAbsentKeys = 16;

/// What a worker has done, where its parent sees it. Zeros when made.
struct Progress {
  std::atomic<std::uint32_t> done;  ///< damages with an outcome
  std::array<Outcome, kSliceDamages> outcomes;
};
static_assert(std::atomic<std::uint32_t>::is_always_lock_free);
static_assert(std::atomic<std::size_t>::is_always_lock_free);

/// What a team leaves for its parent.
struct SliceOutcomes {
  bool is_done;
  std::array<Outcome, kSliceDamages> outcomes;
};

/// Zeroed memory that forked processes share with those that they come from.
template <typename T>
class Shared {
 public:
  explicit Shared(std::size_t count) : bytes_(std::max<std::size_t>(count, 1) * sizeof(T)) {
    memory_ = ::mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    QUIVER_CHECK(memory_ != MAP_FAILED);
    std::uninitialized_value_construct_n(static_cast<T*>(memory_), count);
  }
  ~Shared() { ::munmap(memory_, bytes_); }
  Shared(const Shared&) = delete;
  Shared& operator=(const Shared&) = delete;
  T& operator[](std::size_t index) const { return static_cast<T*>(memory_)[index]; }

 private:
  std::size_t bytes_;
  void* memory_;
};

/// Collects what one open and its reads say.
struct Findings {
  bool error = false;
  bool wrong = false;

  Outcome Judge(bool announced) const {
    if (!wrong) return error || announced ? Outcome::kReported : Outcome::kRight;
    if (announced) return Outcome::kReported;
    return error ? Outcome::kWrongAnswer : Outcome::kSilent;
  }
};

void GetAll(Engine& engine, const Rows& rows, Findings& findings) {
  std::string value;
  for (const auto& [key, expected] : rows) {
    const Result<bool> found = engine.Get(key, value);
    if (!found) {
      findings.error = true;
    } else if (!*found || value != expected) {
      findings.wrong = true;
    }
  }
  // Keys that were deleted, and keys that never were.
  for (int number = 0; number < 64 + kAbsentKeys; ++number) {
    const std::string key = "key" + std::to_string(number);
    if (rows.contains(key)) continue;
    const Result<bool> found = engine.Get(key, value);
    findings.error |= !found;
    findings.wrong |= found && *found;
  }
}

// Each row that comes must be right. One that is left out is excused by an error at the end: some
// iterators step over what they cannot read and tell so when asked.
void ScanAll(Engine& engine, const Rows& rows, Findings& findings) {
  std::size_t count = 0;
  const Result<void> scanned = engine.Scan([&](std::string_view key, std::string_view value) {
    const auto row = rows.find(key);
    findings.wrong |= row == rows.end() || value != row->second;
    ++count;
  });
  findings.error |= !scanned;
  findings.wrong |= scanned.ok() && count != rows.size();
}

Outcome OpenAndRead(const Subject& subject, const std::filesystem::path& directory) {
  EngineConfig config = subject.config;
  config.directory = directory;
  auto engine = subject.kind->open(config);
  if (!engine) return Outcome::kReported;
  Findings findings;
  GetAll(**engine, subject.rows, findings);
  ScanAll(**engine, subject.rows, findings);
  return findings.Judge(!(*engine)->Reported().empty());
}

[[noreturn]] void RunWorker(const Subject& subject, std::span<const Damage> damages,
                            const std::filesystem::path& directory, Progress& progress) {
  const rlimit limit{kAddressSpaceBytes, kAddressSpaceBytes};
  ::setrlimit(RLIMIT_AS, &limit);
  const rlimit no_core{0, 0};
  ::setrlimit(RLIMIT_CORE, &no_core);
  const int nowhere = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  ::dup2(nowhere, STDERR_FILENO);
  ::dup2(nowhere, STDOUT_FILENO);
  for (std::uint32_t i = progress.done; i < damages.size(); ++i) {
    ::alarm(subject.label == "quiver" ? kAlarmS : kPeerAlarmS);
    ApplyDamage(subject, damages[i], directory);
    progress.outcomes[i] = OpenAndRead(subject, directory);
    progress.done = i + 1;
  }
  ::_exit(0);
}

void RunSlice(const Subject& subject, std::span<const Damage> damages,
              const std::filesystem::path& directory, Progress& progress) {
  progress.done = 0;
  while (progress.done < damages.size()) {
    const pid_t worker = ::fork();
    QUIVER_CHECK(worker >= 0);
    if (worker == 0) RunWorker(subject, damages, directory, progress);
    int status = 0;
    ::waitpid(worker, &status, 0);
    if (progress.done == damages.size()) return;
    const bool hung = WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM;
    progress.outcomes[progress.done] = hung ? Outcome::kHang : Outcome::kCrash;
    progress.done = progress.done + 1;
  }
}

}  // namespace

std::string_view OutcomeName(Outcome outcome) noexcept {
  switch (outcome) {
    case Outcome::kNotChecked: return "not_checked";
    case Outcome::kRight: return "right";
    case Outcome::kReported: return "reported";
    case Outcome::kSilent: return "silent";
    case Outcome::kWrongAnswer: return "wrong_answer";
    case Outcome::kCrash: return "crash";
    case Outcome::kHang: return "hang";
  }
  return "unknown";
}

std::vector<Outcome> CheckDamages(const Subject& subject, std::span<const Damage> damages,
                                  const std::filesystem::path& directory,
                                  const std::function<bool()>& keep_on) {
  const std::size_t slices = (damages.size() + kSliceDamages - 1) / kSliceDamages;
  const Shared<SliceOutcomes> results(slices);
  // Slices are begun in order and each that was begun is ended, so that those done come first.
  const Shared<std::atomic<std::size_t>> begun(1);
  const std::size_t teams = std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1,
                                                    std::max<std::size_t>(slices, 1));
  std::vector<pid_t> pids;
  for (std::size_t team = 0; team < teams; ++team) {
    const Shared<Progress> progress(1);
    const pid_t pid = ::fork();
    QUIVER_CHECK(pid >= 0);
    if (pid != 0) {
      pids.push_back(pid);
      continue;
    }
    const std::filesystem::path own = directory / std::to_string(team);
    std::filesystem::create_directories(own);
    while (keep_on()) {
      const std::size_t slice = begun[0].fetch_add(1);
      if (slice >= slices) break;
      const std::size_t first = slice * kSliceDamages;
      const std::size_t count = std::min(kSliceDamages, damages.size() - first);
      RunSlice(subject, damages.subspan(first, count), own, progress[0]);
      results[slice].outcomes = progress[0].outcomes;
      results[slice].is_done = true;
    }
    ::_exit(0);
  }
  for (const pid_t pid : pids) {
    int status = 0;
    QUIVER_CHECK(::waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
                 WEXITSTATUS(status) == 0);
  }
  std::vector<Outcome> outcomes;
  for (std::size_t slice = 0; slice < slices && results[slice].is_done; ++slice) {
    const std::size_t count = std::min(kSliceDamages, damages.size() - outcomes.size());
    outcomes.insert(outcomes.end(), results[slice].outcomes.begin(),
                    results[slice].outcomes.begin() + static_cast<std::ptrdiff_t>(count));
  }
  return outcomes;
}

}  // namespace quiver::torture
