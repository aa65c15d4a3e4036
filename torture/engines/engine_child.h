// EngineChild: a running torture-engine-child as its test sees it: commands in, messages out, and
// the end of it by SIGKILL or by itself.
//
// Thread safety: one thread.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engines/oracle.h"
#include "engines/protocol.h"

namespace quiver::torture {

struct Message {
  MessageHead head;
  std::string key;
  std::string text;  ///< value or text
};

/// What is to run: the words of the child's command line, and words before it (strace …).
struct ChildCommand {
  std::vector<std::string> wrapper;
  std::string engine;
  EngineConfig config;
};

class EngineChild {
 public:
  using Clock = std::chrono::steady_clock;
  enum class End : std::uint8_t { kMessage, kTimeout, kEnded };

  /// The moment of an Acknowledgement: both are CLOCK_MONOTONIC.
  static Clock::time_point TimeOf(std::uint64_t ns) {
    return Clock::time_point(std::chrono::nanoseconds(ns));
  }

  static Result<std::unique_ptr<EngineChild>> Start(const ChildCommand& command);
  /// Kills it if it still runs.
  ~EngineChild();
  EngineChild(const EngineChild&) = delete;
  EngineChild& operator=(const EngineChild&) = delete;

  /// Sends one command; a child that has ended does not hear it.
  void Send(const std::string& line);
  /// The next message, waiting until `deadline` for it.
  End Next(Clock::time_point deadline, Message& message);
  /// Ends it at once. Messages already sent can still be read.
  void Kill();
  /// Waits for the end; the status as of waitpid().
  int Wait();

 private:
  EngineChild(pid_t pid, int commands, int messages)
      : pid_(pid), commands_(commands), messages_(messages) {}
  bool TakeMessage(Message& message);

  const pid_t pid_;
  const int commands_;
  const int messages_;
  std::string received_;
  std::size_t taken_ = 0;
  std::optional<int> status_;
};

/// What an open and a scan of a child gave.
struct Opened {
  bool ended = false;  ///< the child ended or hung before it was done
  bool hung = false;   ///< it was this
  std::string error;   ///< of the open or the scan; empty if both worked
  std::uint32_t error_code = 0;
  std::string reported;  ///< what the open said about bytes it could not use
  std::vector<std::string> wrong;
  Rows rows;
};

/// Waits for the open, scans, and answers what was found. Acknowledgements that arrive in between
/// (the writers run) go to `oracle` if there is one.
Opened ReadState(EngineChild& child, const Workload& workload, std::chrono::milliseconds patience,
                 bool wait_for_open = true, Oracle* oracle = nullptr);

/// Everything that is wrong with a state that could be read, in one line; empty if nothing is.
std::string FaultsOf(const Verdict& verdict, const Opened& opened);

/// "write SEED N…": every writer goes on behind its newest batch.
std::string WriteCommand(const Oracle& oracle);
/// The acknowledgement of a kAcknowledged message.
Acknowledgement AcknowledgementOf(const MessageHead& head);

}  // namespace quiver::torture
