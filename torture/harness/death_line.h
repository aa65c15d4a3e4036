// The last words of a torture program: the line that it prints when a signal ends it.
//
// A program that dies by SIGSEGV, SIGABRT, SIGBUS, SIGFPE or SIGILL, or whose watchdog fires
// (SIGALRM), cannot come back to TortureRun::Fail. It prints instead
//
//   FAIL <test> seed=<seed> plan=<plan>: died by <signal>   repeat: <command>
//
// and then dies as it would have. The plan is the last that the dying thread gave, else the last
// that any thread gave, else the one of the command line, else "-" (and the command has none).
//
// Invariants: the handler calls only what a signal handler may, and writes the line at once, with
// one write(2), on a stack of its own where the thread has one: the constructor's thread and each
// that gave a plan. A child made by fork() has the handlers of before, so that one which is meant
// to abort says nothing. There is one DeathLine at a time.
//
// Thread safety: SetPlan may be called from any thread.
#pragma once

#include <string>
#include <string_view>

namespace quiver::torture {

class DeathLine {
 public:
  /// Installs the handlers. `command` repeats the run; a plan is appended to it.
  DeathLine(std::string_view test, std::string_view command, unsigned long long seed,
            std::string_view plan);
  /// Puts the handlers of before back.
  ~DeathLine();
  DeathLine(const DeathLine&) = delete;
  DeathLine& operator=(const DeathLine&) = delete;

  /// What the calling thread does from now on. Of a longer plan only kPlanBytesMax are kept.
  static void SetPlan(std::string_view plan);
  static constexpr std::size_t kPlanBytesMax = 2047;
};

}  // namespace quiver::torture
