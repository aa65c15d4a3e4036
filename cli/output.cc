#include "output.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <string>
#include <system_error>

#include "exit_code.h"

namespace quiver::cli {

void OccupyStandardDescriptors() {
  // Each in the direction that it is not used in, as the C library does for set-user-ID programs.
  constexpr int kModes[] = {O_WRONLY, O_RDONLY, O_RDWR};
  for (int descriptor = 0; descriptor <= STDERR_FILENO; ++descriptor) {
    if (::fcntl(descriptor, F_GETFD) != -1 || errno != EBADF) continue;
    // Takes the lowest free number, which is this one: those below are taken by now.
    if (::open("/dev/null", kModes[descriptor]) != descriptor) ::_exit(kFailed);
  }
}

bool Print(std::string_view text) {
  return std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
}

int FinishOutput(int exit_code) {
  const bool lost = std::ferror(stdout) != 0;
  errno = 0;
  if (std::fflush(stdout) == 0 && !lost) return exit_code;
  const std::string why = errno != 0 ? ": " + std::generic_category().message(errno) : "";
  std::fprintf(stderr, "quiver: standard output cannot be written%s\n", why.c_str());
  return exit_code == kUsage ? kUsage : kFailed;
}

}  // namespace quiver::cli
