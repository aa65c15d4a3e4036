// torture-engine-child: one engine in a process of its own, to be killed, cut off or starved of
// disk by the test that started it. engines/protocol.h is what it reads and writes.
//
// usage: torture-engine-child ENGINE DIRECTORY DURABILITY CHECKS [SETTING=VALUE…]
//
// Every write that mode batch or async acknowledges with one number in 40 is asked to be durable,
// so that the modes meet each other in one log.
#include <time.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdio>
#include <cstring>
#include <iostream>
#include <sstream>
#include <thread>

#include "engines/oracle.h"
#include "engines/protocol.h"

namespace quiver::torture {

namespace {

constexpr std::uint64_t kDurableOneIn = 40;

std::uint64_t NowNs() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 +
         static_cast<std::uint64_t>(now.tv_nsec);
}

void Send(MessageHead head, std::string_view key, std::string_view text) {
  std::array<char, kMessageBytesMax> message;
  key = key.substr(0, (message.size() - sizeof head) / 2);
  text = text.substr(0, message.size() - sizeof head - key.size());
  head.key_bytes = static_cast<std::uint32_t>(key.size());
  head.text_bytes = static_cast<std::uint32_t>(text.size());
  std::memcpy(message.data(), &head, sizeof head);
  std::memcpy(message.data() + sizeof head, key.data(), key.size());
  std::memcpy(message.data() + sizeof head + key.size(), text.data(), text.size());
  const std::size_t bytes = sizeof head + key.size() + text.size();
  // Nobody listens any more: the test is gone.
  if (::write(STDOUT_FILENO, message.data(), bytes) != static_cast<ssize_t>(bytes)) ::_exit(3);
}

void SendError(const Error& error) {
  Send({.kind = MessageKind::kError, .code = static_cast<std::uint32_t>(error.code())}, {},
       error.ToString());
}

void SendOutcome(const Result<void>& outcome) {
  if (outcome.ok()) return Send({.kind = MessageKind::kDone}, {}, {});
  SendError(outcome.error());
}

class Writers {
 public:
  Writers(Engine& engine, Durability durability) : engine_(engine), durability_(durability) {}
  ~Writers() { Stop(); }

  void Start(std::istringstream& arguments) {
    stop_ = false;
    Workload workload;
    arguments >> workload.seed >> workload.slots;
    std::vector<std::uint64_t> first;
    for (std::uint64_t number = 0; arguments >> number;) first.push_back(number);
    workload.writers = static_cast<std::uint32_t>(first.size());
    for (std::uint32_t writer = 0; writer < workload.writers; ++writer) {
      threads_.emplace_back(
          [this, workload, writer, number = first[writer]] { Run(workload, writer, number); });
    }
  }

  void Stop() {
    stop_ = true;
    threads_.clear();
  }

 private:
  void Run(const Workload& workload, std::uint32_t writer, std::uint64_t number) {
    while (!stop_.load(std::memory_order_relaxed)) {
      const std::vector<Change> changes = workload.Batch(writer, number);
      const bool durably = durability_ != Durability::kSync && number % kDurableOneIn == 0;
      MessageHead head{.kind = MessageKind::kAcknowledged, .writer = writer, .number = number};
      head.begin_ns = NowNs();
      const Result<SequenceNumber> written = engine_.Write(changes, durably);
      head.end_ns = NowNs();
      if (written) {
        head.sequence = *written;
        head.durable = durably || durability_ == Durability::kSync ? 1 : 0;
        Send(head, {}, {});
        ++number;
        continue;
      }
      head.kind = MessageKind::kRefused;
      head.code = static_cast<std::uint32_t>(written.error().code());
      Send(head, {}, written.error().ToString());
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
  }

  Engine& engine_;
  const Durability durability_;
  std::atomic<bool> stop_{false};
  std::vector<std::jthread> threads_;
};

// Sends every row of a scan, and what a lookup by key says otherwise.
void Scan(Engine& engine, std::istringstream& arguments) {
  Workload workload;
  arguments >> workload.writers >> workload.slots;
  Rows rows;
  const auto scanned = engine.Scan([&](std::string_view key, std::string_view value) {
    rows.emplace(key, value);
    Send({.kind = MessageKind::kRow}, key, value);
  });
  if (!scanned) return SendError(scanned.error());
  std::string value;
  for (std::uint32_t writer = 0; writer < workload.writers; ++writer) {
    for (std::uint32_t slot = 0; slot < workload.slots; ++slot) {
      const std::string key = workload.Key(writer, slot);
      const Result<bool> found = engine.Get(key, value);
      if (!found) return SendError(found.error());
      const auto row = rows.find(key);
      if (*found ? row == rows.end() || row->second != value : row != rows.end()) {
        Send({.kind = MessageKind::kWrong}, {}, "scan and get disagree about " + key);
      }
    }
  }
  Send({.kind = MessageKind::kDone}, {}, {});
}

void RunOperation(Engine& engine, const std::string& verb, std::istringstream& arguments) {
  std::string key;
  std::string value;
  if (verb == "put" && arguments >> key >> value) return SendOutcome(engine.Put(key, value));
  if (verb == "delete" && arguments >> key) return SendOutcome(engine.Delete(key));
  if (verb == "get" && arguments >> key) {
    const Result<bool> found = engine.Get(key, value);
    if (!found) return SendError(found.error());
    if (*found) Send({.kind = MessageKind::kRow}, key, value);
    return Send({.kind = MessageKind::kDone}, {}, {});
  }
  if (verb == "batch") {
    std::vector<Change> changes;
    for (std::string word; arguments >> word;) {
      const std::size_t equals = word.find('=');
      changes.push_back(equals == std::string::npos
                            ? Change{word.substr(1), std::nullopt}
                            : Change{word.substr(0, equals), word.substr(equals + 1)});
    }
    if (const auto written = engine.Write(changes, false); !written) {
      return SendError(written.error());
    }
    return Send({.kind = MessageKind::kDone}, {}, {});
  }
  SendError({ErrorCode::kInvalidArgument, "engines/protocol.h has no command '" + verb + "'"});
}

void Serve(Engine& engine, Durability durability) {
  Writers writers(engine, durability);
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream arguments(line);
    std::string verb;
    arguments >> verb;
    if (verb == "write") {
      writers.Start(arguments);
    } else if (verb == "stop") {
      writers.Stop();
      Send({.kind = MessageKind::kDone}, {}, {});
    } else if (verb == "scan") {
      Scan(engine, arguments);
    } else if (verb == "sync") {
      SendOutcome(engine.Sync());
    } else if (verb == "compact") {
      SendOutcome(engine.Compact());
    } else if (verb == "close") {
      writers.Stop();
      return SendOutcome(engine.Close());
    } else {
      RunOperation(engine, verb, arguments);
    }
  }
  ::_exit(4);  // the test went away without a close: leave as a crash would
}

int Main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (words.size() < 4) {
    std::fprintf(stderr,
                 "usage: torture-engine-child ENGINE DIRECTORY sync|batch|async "
                 "default|strictest [SETTING=VALUE...]\n");
    return 2;
  }
  const auto kind = FindEngine(words[0]);
  if (!kind) return SendError(kind.error()), 1;
  EngineConfig config{.directory = words[1]};
  config.durability = words[2] == "sync"    ? Durability::kSync
                      : words[2] == "batch" ? Durability::kBatch
                                            : Durability::kAsync;
  config.checks = words[3] == "strictest" ? Checks::kStrictest : Checks::kDefault;
  for (std::size_t i = 4; i < words.size(); ++i) {
    const std::size_t equals = words[i].find('=');
    config.settings.emplace_back(words[i].substr(0, equals), words[i].substr(equals + 1));
  }
  auto engine = (*kind)->open(config);
  if (!engine) return SendError(engine.error()), 1;
  Send({.kind = MessageKind::kOpened}, {}, (*engine)->Reported());
  Serve(**engine, config.durability);
  return 0;
}

}  // namespace

}  // namespace quiver::torture

int main(int argc, char** argv) {
  return quiver::torture::Main(argc, argv);
}
