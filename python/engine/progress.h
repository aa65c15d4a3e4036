// Progress: how a long engine call tells Python how far it is, and how Python ends it.
//
// The engine calls back without the GIL, on whatever thread it likes; the callback takes it. What
// the Python function raises, or a signal handler (Ctrl-C in the main thread, also where no
// function is given), ends the engine call and is raised again when that has returned.
//
// Thread safety: one engine call at a time.
#pragma once

#include "common.h"

namespace quiver::python {

class Progress {
 public:
  /// `function` is None or takes two ints: what is done and what there is in all. TypeError
  /// otherwise.
  explicit Progress(nb::handle function);
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// For one engine call; must not outlive this object.
  ProgressCallback callback();

  /// The value of the call's result; raises what ended it.
  template <typename T>
  T Finish(Result<T> result) {
    RaiseAgain();
    return Unwrap(std::move(result));
  }

 private:
  void RaiseAgain();

  const nb::object function_;
  std::optional<nb::python_error> raised_;
};

}  // namespace quiver::python
