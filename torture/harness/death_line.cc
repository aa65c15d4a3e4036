#include "harness/death_line.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <string>

#include "base/check.h"
#include "base/mutex.h"

namespace quiver::torture {

namespace {

struct Deadly {
  int number;
  const char* name;
};
constexpr std::array kDeadly{
    Deadly{SIGSEGV, "SIGSEGV"}, Deadly{SIGABRT, "SIGABRT"},
    Deadly{SIGBUS, "SIGBUS"},   Deadly{SIGFPE, "SIGFPE"},
    Deadly{SIGILL, "SIGILL"},   Deadly{SIGALRM, "SIGALRM, its watchdog: it hung"}};
constexpr std::size_t kStackBytes = 64 << 10;

// Whoever sets a plan writes the text that no handler reads just now, then makes it the current.
// Never destroyed, like all here: a signal may come at any time.
struct PlanText {
  std::array<char, DeathLine::kPlanBytesMax + 1> bytes{};
  void Set(std::string_view text) {
    const std::size_t count = std::min(text.size(), bytes.size() - 1);
    std::memcpy(bytes.data(), text.data(), count);
    bytes[count] = '\0';
  }
};

struct State {
  std::atomic<bool> installed{false};
  std::atomic<bool> dying{false};
  std::array<struct sigaction, kDeadly.size()> before{};
  std::array<char, 512> begin{};  ///< FAIL, test and seed
  std::array<char, 2048> command{};
  std::array<PlanText, 2> plans;  ///< the last of any thread
  std::atomic<std::size_t> current_plan{0};
  std::array<char, 3 * 2048 + 2 * DeathLine::kPlanBytesMax> line{};
};
constinit State state;
Mutex plan_mutex;
thread_local constinit PlanText thread_plan;

// Appends what fits.
class Line {
 public:
  void Add(const char* text) {
    const std::size_t count = std::min(std::strlen(text), state.line.size() - size_);
    std::memcpy(state.line.data() + size_, text, count);
    size_ += count;
  }
  void Write() const { (void)!::write(STDOUT_FILENO, state.line.data(), size_); }

 private:
  std::size_t size_ = 0;
};

void WriteLine(const char* signal_name) {
  const char* plan = thread_plan.bytes.data();
  if (*plan == '\0') plan = state.plans[state.current_plan.load()].bytes.data();
  const bool planned = *plan != '\0';
  Line line;
  line.Add(state.begin.data());
  line.Add(planned ? plan : "-");
  line.Add(": died by ");
  line.Add(signal_name);
  line.Add("   repeat: ");
  line.Add(state.command.data());
  if (planned) {
    line.Add(" --plan '");
    line.Add(plan);
    line.Add("'");
  }
  line.Add("\n");
  line.Write();
}

void OnDeath(int number, siginfo_t* info, void* /*context*/) {
  // All signals are blocked here, so that a second call is another thread's: the first ends all.
  if (state.dying.exchange(true)) {
    for (;;) ::pause();
  }
  for (std::size_t i = 0; i < kDeadly.size(); ++i) {
    if (kDeadly[i].number != number) continue;
    WriteLine(kDeadly[i].name);
    ::sigaction(number, &state.before[i], nullptr);
  }
  // A fault comes again by itself when the instruction is run again, with its address. What was
  // sent has to be sent again; it arrives when this handler returns.
  const bool is_fault = number != SIGABRT && number != SIGALRM && info->si_code > 0;
  if (!is_fault) ::raise(number);
}

void PutBack() {
  if (!state.installed.exchange(false)) return;
  for (std::size_t i = 0; i < kDeadly.size(); ++i) {
    ::sigaction(kDeadly[i].number, &state.before[i], nullptr);
  }
}

// Sanitizers give each thread a stack for signals, which they unmap at its end: theirs stays.
void UseSignalStack() {
  static thread_local std::array<char, kStackBytes> bytes;
  stack_t stack{};
  if (::sigaltstack(nullptr, &stack) != 0 || (stack.ss_flags & SS_DISABLE) == 0) return;
  stack = {.ss_sp = bytes.data(), .ss_flags = 0, .ss_size = bytes.size()};
  ::sigaltstack(&stack, nullptr);
}

template <std::size_t size>
void Copy(std::array<char, size>& to, std::string_view text) {
  const std::size_t count = std::min(text.size(), size - 1);
  std::memcpy(to.data(), text.data(), count);
  to[count] = '\0';
}

}  // namespace

DeathLine::DeathLine(std::string_view test, std::string_view command, unsigned long long seed,
                     std::string_view plan) {
  QUIVER_CHECK(!state.installed);
  static const int registered = ::pthread_atfork(nullptr, nullptr, PutBack);
  QUIVER_CHECK(registered == 0);
  Copy(state.begin, "FAIL " + std::string(test) + " seed=" + std::to_string(seed) + " plan=");
  Copy(state.command, command);
  {
    MutexLock lock(plan_mutex);
    state.plans[state.current_plan.load()].Set(plan);
  }
  thread_plan.Set("");
  UseSignalStack();
  struct sigaction action{};
  action.sa_sigaction = OnDeath;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  ::sigfillset(&action.sa_mask);
  for (std::size_t i = 0; i < kDeadly.size(); ++i) {
    QUIVER_CHECK(::sigaction(kDeadly[i].number, &action, &state.before[i]) == 0);
    // Ignored by who started us: then the line would not be the last.
    if (state.before[i].sa_handler == SIG_IGN) state.before[i].sa_handler = SIG_DFL;
  }
  state.installed = true;
}

DeathLine::~DeathLine() {
  PutBack();
}

void DeathLine::SetPlan(std::string_view plan) {
  static thread_local bool has_stack = false;
  if (!has_stack) UseSignalStack();
  has_stack = true;
  thread_plan.Set(plan);
  MutexLock lock(plan_mutex);
  const std::size_t next = 1 - state.current_plan.load();
  state.plans[next].Set(plan);
  state.current_plan = next;
}

}  // namespace quiver::torture
