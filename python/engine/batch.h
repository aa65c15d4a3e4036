// Batch: writes that become visible and durable together; and the arguments that writes share.
//
// Thread safety: under the GIL (see common.h).
#pragma once

#include "common.h"

namespace quiver::python {

/// Keyword arguments of writes; a handle that is null or None stands for its absence.
struct WriteArguments {
  nb::handle wal_mode = {};  ///< "sync", "batch", "async"
  bool fail_if_stalled = false;
  nb::handle ttl = {};         ///< seconds or a timedelta
  nb::handle expires_at = {};  ///< a datetime with a time zone, or seconds since 1970

  /// The options of a write; its expiry is that of a Put or Merge.
  WriteOptions options(const std::optional<Keyspace>& keyspace) const;
};

/// The expiry that a write has from its arguments, in microseconds since 1970; 0: none.
std::uint64_t ExpiryMicros(nb::handle ttl, nb::handle expires_at);

/// The bytes of an operand: an int becomes eight bytes if the keyspace has add_int64.
class OperandArgument {
 public:
  OperandArgument(const DatabaseRef& open, const std::optional<Keyspace>& keyspace,
                  nb::handle operand);
  std::string_view view() const noexcept { return bytes_ ? bytes_->view() : counter_; }

 private:
  std::optional<BytesArgument> bytes_;
  std::string counter_;
};

/// A batch whose operations are on `keyspace` where they name none.
nb::object MakeBatch(const DatabaseRef& open, const std::optional<Keyspace>& keyspace,
                     const WriteArguments& arguments);

}  // namespace quiver::python
