"""ctypes over arrow_stream_library.cc: a database that Python's Arrow consumers can stream."""
import ctypes as c


class Request(c.Structure):
    _fields_ = [("lower", c.c_char_p), ("lower_bytes", c.c_size_t),
                ("upper", c.c_char_p), ("upper_bytes", c.c_size_t),
                ("prefix", c.c_char_p), ("prefix_bytes", c.c_size_t),
                ("snapshot", c.c_void_p), ("limit", c.c_uint64), ("batch_rows", c.c_uint32),
                ("with_key", c.c_bool), ("with_value", c.c_bool), ("with_sequence", c.c_bool),
                ("fill_cache", c.c_bool)]


class ArrowArrayStream(c.Structure):
    """The struct of the Arrow C stream interface."""


ArrowArrayStream._fields_ = [
    ("get_schema", c.CFUNCTYPE(c.c_int, c.POINTER(ArrowArrayStream), c.c_void_p)),
    ("get_next", c.CFUNCTYPE(c.c_int, c.POINTER(ArrowArrayStream), c.c_void_p)),
    ("get_last_error", c.CFUNCTYPE(c.c_char_p, c.POINTER(ArrowArrayStream))),
    ("release", c.CFUNCTYPE(None, c.POINTER(ArrowArrayStream))),
    ("private_data", c.c_void_p)]

ROW = c.CFUNCTYPE(None, c.POINTER(c.c_char), c.c_size_t, c.POINTER(c.c_char), c.c_size_t)
NEW_CAPSULE = c.pythonapi.PyCapsule_New
NEW_CAPSULE.restype = c.py_object
NEW_CAPSULE.argtypes = [c.c_void_p, c.c_char_p, c.c_void_p]


class Stream:
    """One ArrowArrayStream, which its consumer takes over as a PyCapsule."""

    def __init__(self):
        self.struct = ArrowArrayStream()


    def __arrow_c_stream__(self, requested_schema=None):
        return NEW_CAPSULE(c.addressof(self.struct), b"arrow_array_stream", None)

    def __del__(self):
        if c.cast(self.struct.release, c.c_void_p).value:
            self.struct.release(c.byref(self.struct))


class Library:
    def __init__(self, path):
        self.calls = c.CDLL(path)
        self.calls.quiver_test_error.restype = c.c_char_p
        self.calls.quiver_test_open.restype = c.c_void_p
        self.calls.quiver_test_snapshot.restype = c.c_void_p

    def check(self, failed):
        if failed:
            raise RuntimeError(self.calls.quiver_test_error().decode())

    def open(self, directory, **settings):
        texts = [str(text).encode() for pair in settings.items() for text in pair]
        array = (c.c_char_p * (len(texts) + 1))(*texts, None)
        handle = self.calls.quiver_test_open(str(directory).encode(), array)
        self.check(handle is None)
        return Database(self, handle)


class Database:
    def __init__(self, library, handle):
        self.library, self.calls, self.handle = library, library.calls, c.c_void_p(handle)

    def put(self, key, value):
        self.library.check(self.calls.quiver_test_put(
            self.handle, key, c.c_size_t(len(key)), value, c.c_size_t(len(value))))

    def delete(self, key):
        self.library.check(self.calls.quiver_test_delete(self.handle, key, c.c_size_t(len(key))))

    def flush(self):
        self.library.check(self.calls.quiver_test_flush(self.handle))

    def compact(self):
        self.library.check(self.calls.quiver_test_compact(self.handle))

    def snapshot(self):
        handle = self.calls.quiver_test_snapshot(self.handle)
        self.library.check(handle is None)
        return c.c_void_p(handle)

    def free_snapshot(self, snapshot):
        self.calls.quiver_test_free_snapshot(snapshot)

    def close(self):
        self.library.check(self.calls.quiver_test_close(self.handle))

    def free(self):
        self.calls.quiver_test_free(self.handle)

    def _request(self, lower=None, upper=None, prefix=None, snapshot=None, limit=0, batch_rows=0,
                 key=True, value=True, sequence=False, fill_cache=True):
        return Request(lower, len(lower or b""), upper, len(upper or b""), prefix,
                       len(prefix or b""), snapshot, limit, batch_rows, key, value, sequence,
                       fill_cache)

    def stream(self, **request):
        stream = Stream()
        self.library.check(self.calls.quiver_test_export(
            self.handle, c.byref(self._request(**request)), c.byref(stream.struct)))
        return stream

    def iterate(self, **request):
        rows = []

        def take(key, key_bytes, value, value_bytes):
            rows.append((c.string_at(key, key_bytes), c.string_at(value, value_bytes)))

        self.library.check(self.calls.quiver_test_iterate(
            self.handle, c.byref(self._request(**request)), ROW(take)))
        return rows
