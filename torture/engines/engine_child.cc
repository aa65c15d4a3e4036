#include "engines/engine_child.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstring>

namespace quiver::torture {

namespace {

constexpr std::size_t kReadBytes = 64 << 10;
constexpr int kPipeBytes = 1 << 20;

// The child program stands beside the test's own.
const std::string& ChildProgram() {
  static const std::string program =
      (std::filesystem::read_symlink("/proc/self/exe").parent_path() / "torture-engine-child")
          .string();
  return program;
}

std::vector<std::string> CommandWords(const ChildCommand& command) {
  std::vector<std::string> words = command.wrapper;
  words.insert(words.end(), {ChildProgram(), command.engine, command.config.directory.string(),
                             std::string(DurabilityName(command.config.durability)),
                             std::string(ChecksName(command.config.checks))});
  for (const auto& [name, value] : command.config.settings) words.push_back(name + "=" + value);
  return words;
}

}  // namespace

Result<std::unique_ptr<EngineChild>> EngineChild::Start(const ChildCommand& command) {
  ::signal(SIGPIPE, SIG_IGN);  // a killed child is no reason to end
  std::vector<std::string> words = CommandWords(command);
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  std::array<int, 2> commands{};
  std::array<int, 2> messages{};
  if (::pipe2(commands.data(), O_CLOEXEC) != 0 || ::pipe2(messages.data(), O_CLOEXEC) != 0) {
    return Error(ErrorCode::kIo, std::string("cannot make a pipe: ") + std::strerror(errno));
  }
  // Room for what writers acknowledge while nobody reads; without it they wait, no more.
  (void)::fcntl(messages[1], F_SETPIPE_SZ, kPipeBytes);
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid == 0) {
    // A test that is ended from outside must not leave writers behind.
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::setpgid(0, 0);  // so that a kill reaches what strace runs as well
    if (::getppid() != parent) ::_exit(126);
    ::dup2(commands[0], STDIN_FILENO);
    ::dup2(messages[1], STDOUT_FILENO);
    // Their failed assertions are counted as deaths; the text would drown ours.
    if (command.engine != "quiver") {
      ::dup2(::open("/dev/null", O_WRONLY | O_CLOEXEC), STDERR_FILENO);
    }
    ::execvp(arguments[0], arguments.data());
    ::_exit(127);
  }
  ::close(commands[0]);
  ::close(messages[1]);
  if (pid < 0) {
    ::close(commands[1]);
    ::close(messages[0]);
    return Error(ErrorCode::kIo, std::string("cannot fork: ") + std::strerror(errno));
  }
  return std::unique_ptr<EngineChild>(new EngineChild(pid, commands[1], messages[0]));
}

EngineChild::~EngineChild() {
  Kill();
  Wait();
  ::close(commands_);
  ::close(messages_);
}

void EngineChild::Send(const std::string& line) {
  const std::string text = line + "\n";
  (void)!::write(commands_, text.data(), text.size());
}

bool EngineChild::TakeMessage(Message& message) {
  const std::size_t left = received_.size() - taken_;
  if (left < sizeof message.head) return false;
  std::memcpy(&message.head, received_.data() + taken_, sizeof message.head);
  const std::size_t bytes = sizeof message.head + message.head.key_bytes + message.head.text_bytes;
  if (left < bytes) return false;
  message.key.assign(received_, taken_ + sizeof message.head, message.head.key_bytes);
  message.text.assign(received_, taken_ + sizeof message.head + message.head.key_bytes,
                      message.head.text_bytes);
  taken_ += bytes;
  return true;
}

EngineChild::End EngineChild::Next(Clock::time_point deadline, Message& message) {
  while (!TakeMessage(message)) {
    received_.erase(0, taken_);
    taken_ = 0;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
    if (left <= 0) return End::kTimeout;
    pollfd ready{.fd = messages_, .events = POLLIN, .revents = 0};
    if (::poll(&ready, 1, static_cast<int>(left)) <= 0) continue;
    const std::size_t old_bytes = received_.size();
    received_.resize(old_bytes + kReadBytes);
    const ssize_t bytes = ::read(messages_, received_.data() + old_bytes, kReadBytes);
    received_.resize(old_bytes + static_cast<std::size_t>(bytes > 0 ? bytes : 0));
    if (bytes <= 0) return End::kEnded;
  }
  return End::kMessage;
}

void EngineChild::Kill() {
  if (status_) return;
  ::kill(-pid_, SIGKILL);
  ::kill(pid_, SIGKILL);  // if it has not yet made its group
}

int EngineChild::Wait() {
  if (!status_) {
    int status = 0;
    ::waitpid(pid_, &status, 0);
    status_ = status;
  }
  return *status_;
}

Acknowledgement AcknowledgementOf(const MessageHead& head) {
  return {.writer = head.writer,
          .number = head.number,
          .begin_ns = head.begin_ns,
          .end_ns = head.end_ns,
          .sequence = head.sequence,
          .durable = head.durable != 0};
}

Opened ReadState(EngineChild& child, const Workload& workload, std::chrono::milliseconds patience,
                 bool wait_for_open, Oracle* oracle) {
  child.Send("scan " + std::to_string(workload.writers) + " " + std::to_string(workload.slots));
  Opened opened;
  bool is_open = !wait_for_open;
  const auto deadline = EngineChild::Clock::now() + patience;
  Message message;
  for (;;) {
    const EngineChild::End end = child.Next(deadline, message);
    if (end != EngineChild::End::kMessage) {
      opened.ended = true;
      opened.hung = end == EngineChild::End::kTimeout;
      return opened;
    }
    switch (message.head.kind) {
      case MessageKind::kOpened:
        opened.reported = message.text;
        is_open = true;
        break;
      case MessageKind::kRow: opened.rows.emplace(message.key, message.text); break;
      case MessageKind::kWrong: opened.wrong.push_back(message.text); break;
      case MessageKind::kError:
        opened.error = (is_open ? "" : "open: ") + message.text;
        opened.error_code = message.head.code;
        return opened;
      case MessageKind::kAcknowledged:
        if (oracle != nullptr) oracle->Acknowledged(AcknowledgementOf(message.head));
        break;
      case MessageKind::kRefused: break;
      case MessageKind::kDone: return opened;
    }
  }
}

std::string FaultsOf(const Verdict& verdict, const Opened& opened) {
  std::string text;
  for (const auto* faults : {&verdict.faults, &opened.wrong}) {
    for (const std::string& fault : *faults) text += (text.empty() ? "" : "; ") + fault;
  }
  return text;
}

std::string WriteCommand(const Oracle& oracle) {
  std::string line = "write " + std::to_string(oracle.workload().seed) + " " +
                     std::to_string(oracle.workload().slots);
  for (const std::uint64_t newest : oracle.newest()) line += " " + std::to_string(newest + 1);
  return line;
}

}  // namespace quiver::torture
