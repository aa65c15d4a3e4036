// Errors and arguments of the extension module.
#include "common.h"

namespace quiver::python {

void Raise(const Error& error) {
  const nb::object file = nb::steal(PyUnicode_DecodeFSDefaultAndSize(
      error.file().data(), static_cast<Py_ssize_t>(error.file().size())));
  if (!file.is_valid()) throw nb::python_error();
  const nb::object exception =
      nb::module_::import_("quiver._errors")
          .attr("make")(ToText(ErrorCodeName(error.code())), ToText(error.ToString()), file,
                        error.offset() == Error::kNoOffset ? nb::object(nb::none())
                                                           : nb::object(nb::int_(error.offset())));
  PyErr_SetObject(reinterpret_cast<PyObject*>(Py_TYPE(exception.ptr())), exception.ptr());
  throw nb::python_error();
}

void RaiseType(PyObject* type, const std::string& message) {
  PyErr_SetString(type, message.c_str());
  throw nb::python_error();
}

void RaiseKeyError(nb::handle key) {
  PyErr_SetObject(PyExc_KeyError, key.ptr());
  throw nb::python_error();
}

BytesArgument::BytesArgument(nb::handle object, const char* what)
    : bytes_(nb::steal<nb::bytes>(nullptr)) {
  if (PyBytes_CheckExact(object.ptr())) {
    bytes_ = nb::borrow<nb::bytes>(object);
    return;
  }
  if (!PyObject_CheckBuffer(object.ptr())) {
    const std::string type = nb::cast<std::string>(object.type().attr("__name__"));
    RaiseType(PyExc_TypeError, std::string("a ") + what + " is a bytes-like object, not " + type +
                                   (type == "str" ? ": encode it first" : ""));
  }
  Py_buffer buffer;
  if (PyObject_GetBuffer(object.ptr(), &buffer, PyBUF_SIMPLE) != 0) throw nb::python_error();
  copy_.assign(static_cast<const char*>(buffer.buf), static_cast<std::size_t>(buffer.len));
  PyBuffer_Release(&buffer);
}

std::optional<std::string> OptionalBytes(nb::handle object, const char* what) {
  if (object.is_none()) return std::nullopt;
  return std::string(BytesArgument(object, what).view());
}

std::string TextArgument(nb::handle object, const char* what) {
  if (!PyUnicode_Check(object.ptr())) {
    RaiseType(PyExc_TypeError, std::string(what) + " is a str, not " +
                                   nb::cast<std::string>(object.type().attr("__name__")));
  }
  Py_ssize_t size = 0;
  const char* const text = PyUnicode_AsUTF8AndSize(object.ptr(), &size);
  if (text == nullptr) throw nb::python_error();
  return {text, static_cast<std::size_t>(size)};
}

nb::str ToText(std::string_view text) {
  PyObject* const decoded =
      PyUnicode_DecodeUTF8(text.data(), static_cast<Py_ssize_t>(text.size()), "backslashreplace");
  if (decoded == nullptr) throw nb::python_error();
  return nb::steal<nb::str>(decoded);
}

std::string PathArgument(nb::handle object) {
  PyObject* encoded = nullptr;
  if (PyUnicode_FSConverter(object.ptr(), &encoded) == 0) throw nb::python_error();
  const nb::bytes path = nb::steal<nb::bytes>(encoded);
  return {path.c_str(), path.size()};
}

nb::object RefusePickle(nb::handle self, nb::args) {
  const std::string name = nb::cast<std::string>(self.type().attr("__name__"));
  RaiseType(PyExc_TypeError,
            "a quiver." + name +
                " cannot be pickled or copied: open the database where it is needed (one process "
                "at a time may write)");
}

}  // namespace quiver::python
