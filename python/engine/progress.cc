// Progress of long engine calls, for Python.
#include "progress.h"

#include <exception>

namespace quiver::python {

namespace {

/// Ends the engine call. What was raised waits in the Progress: it may be touched under the GIL
/// alone, which the engine, where this arrives, does not have.
class Stopped : public std::exception {
 public:
  const char* what() const noexcept override { return "it was stopped by Python code"; }
};

}  // namespace

Progress::Progress(nb::handle function) : function_(nb::borrow(function)) {
  if (!function.is_none() && PyCallable_Check(function.ptr()) == 0) {
    RaiseType(PyExc_TypeError, "progress is a function of two ints (done and total), or None");
  }
}

ProgressCallback Progress::callback() {
  return [this](std::uint64_t done, std::uint64_t total) {
    {
      const nb::gil_scoped_acquire locked;
      try {
        if (PyErr_CheckSignals() != 0) throw nb::python_error();
        if (!function_.is_none()) function_(done, total);
      } catch (nb::python_error& error) {
        raised_.emplace(std::move(error));
      }
    }
    if (raised_) throw Stopped();
  };
}

void Progress::RaiseAgain() {
  if (!raised_) return;
  raised_->restore();
  raised_.reset();
  throw nb::python_error();
}

}  // namespace quiver::python
