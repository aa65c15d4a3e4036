// Protocol: how a test talks with torture-engine-child, which runs an engine in a process of its
// own.
//
// The test writes one command a line to the child's standard input:
//
//   put KEY VALUE | delete KEY | batch KEY=VALUE|-KEY … | get KEY
//                           one operation; answered by kDone, kRow (and kDone) or kError
//   scan WRITERS SLOTS      every row (kRow), each looked up by key as well, then kDone
//   write SEED SLOTS N1 N2 …   one writer thread for each N, from batch N on, over SLOTS slots;
//                           acknowledges each batch
//   stop                    ends the writers, then kDone
//   sync | compact          then kDone
//   close                   closes the engine, then kDone; the child ends
//
// The child answers on its standard output with messages of a fixed head and text behind it. Each
// message is one write of at most kMessageBytesMax, so those of several threads do not mix and none
// is torn when the child is killed.
#pragma once

#include <climits>
#include <cstdint>
#include <type_traits>

namespace quiver::torture {

enum class MessageKind : std::uint32_t {
  kOpened = 1,    ///< text: what the open reported
  kRow,           ///< key and value
  kWrong,         ///< text: scan and get disagree
  kDone,          ///< a command is done
  kError,         ///< text: what failed; `code` says how
  kAcknowledged,  ///< a batch, after the engine acknowledged it
  kRefused,       ///< a batch that the engine refused; it will be tried again
};

struct MessageHead {
  MessageKind kind = MessageKind::kDone;
  std::uint32_t writer = 0;
  std::uint64_t number = 0;
  std::uint64_t begin_ns = 0;
  std::uint64_t end_ns = 0;
  std::uint64_t sequence = 0;
  std::uint32_t code = 0;     ///< ErrorCode of kError and kRefused
  std::uint32_t durable = 0;  ///< kAcknowledged: as synced
  std::uint32_t key_bytes = 0;
  std::uint32_t text_bytes = 0;  ///< value or text
};
static_assert(std::is_trivially_copyable_v<MessageHead> && sizeof(MessageHead) == 56);

inline constexpr std::size_t kMessageBytesMax = PIPE_BUF;

}  // namespace quiver::torture
