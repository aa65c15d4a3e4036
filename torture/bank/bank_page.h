// BankPage: what the bank knows outside of the database, in memory that a killed process leaves to
// its parent: the balance and the number of each account's newest acknowledged transfer, and the
// first thing that was wrong.
//
// Invariants: `issued` of an account grows before its transfer is written, `acknowledged` after;
// so a reader finds a version of at least the `acknowledged` that it read before, and at most the
// `issued` that it reads afterwards.
//
// Thread safety: any thread, any process that inherited the memory.
#pragma once

#include <sys/mman.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <string>

#include "base/check.h"

namespace quiver::torture {

inline constexpr std::uint32_t kAccounts = 24;
inline constexpr std::uint64_t kStartBalance = 1000;
inline constexpr std::uint64_t kTotal = kAccounts * kStartBalance;

struct BankPage {
  struct alignas(64) Account {
    std::atomic<std::uint64_t> issued{0};
    std::atomic<std::uint64_t> acknowledged{0};
    std::atomic<std::uint64_t> balance{kStartBalance};  ///< after `acknowledged`
  };
  std::array<Account, kAccounts> accounts;
  std::atomic<std::uint64_t> transfers{0};
  std::atomic<std::uint64_t> transactions{0};
  std::atomic<std::uint64_t> conflicts{0};
  std::atomic<std::uint64_t> sums{0};
  std::atomic<std::uint64_t> sums_of_old_snapshots{0};
  std::atomic<std::uint64_t> flushes{0};
  std::atomic<std::uint64_t> compactions{0};
  std::atomic<std::uint64_t> schedule_points{0};
  std::atomic<std::uint64_t> schedule_change_points{0};

  /// Keeps the first thing that was wrong.
  void Say(const std::string& text) noexcept {
    std::uint32_t free = 0;
    if (!said_.compare_exchange_strong(free, 1)) return;
    std::strncpy(what_.data(), text.c_str(), what_.size() - 1);
    said_.store(2, std::memory_order_release);
  }
  bool broken() const noexcept { return said_.load(std::memory_order_relaxed) != 0; }
  /// Empty, or what was wrong.
  std::string what() const {
    if (said_.load(std::memory_order_acquire) == 1) return "something, cut short by the kill";
    return std::string(what_.data());
  }

 private:
  std::atomic<std::uint32_t> said_{0};
  std::array<char, 2000> what_{};
};

/// A page that children made by fork() share.
class SharedBankPage {
 public:
  SharedBankPage() {
    void* memory = ::mmap(nullptr, sizeof(BankPage), PROT_READ | PROT_WRITE,
                          MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    QUIVER_CHECK(memory != MAP_FAILED);
    page_ = new (memory) BankPage;
  }
  ~SharedBankPage() { ::munmap(page_, sizeof(BankPage)); }
  SharedBankPage(const SharedBankPage&) = delete;
  SharedBankPage& operator=(const SharedBankPage&) = delete;

  BankPage& operator*() const noexcept { return *page_; }
  BankPage* operator->() const noexcept { return page_; }

 private:
  BankPage* page_;
};

}  // namespace quiver::torture
