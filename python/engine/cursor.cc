// Cursor: the lazy iterator behind items(), keys() and values().
//
// It reads ahead a chunk of rows without the GIL, which grows while the iteration goes on, and
// hands them out one by one: taking the GIL for each row would cost more than the row.
//
// Thread safety: one thread at a time; a second one that comes while a chunk is read gets
// ValueError, as with Python's own generators. A cursor of a transaction shares its mark of being
// busy, so that this holds for the transaction with all its cursors.
#include <vector>

#include "reads.h"

namespace quiver::python {

namespace {

class Cursor {
 public:
  Cursor(DatabaseRef open, Iterator iterator, const CursorOptions& options)
      : open_(std::move(open)), iterator_(std::move(iterator)), options_(options) {}

  nb::object Next() {
    if (*options_.busy) RaiseType(PyExc_ValueError, "this iterator is in use by another thread");
    if (open_->closed.load(std::memory_order_relaxed)) {
      Raise(Error(ErrorCode::kClosed, "the database of this iterator was closed"));
    }
    if (next_ == rows_.size()) {
      if (!ended_) {
        *options_.busy = true;
        Unlocked([this] { ReadChunk(); });
        *options_.busy = false;
        // list(db.items()) runs no Python code between rows, where Ctrl-C would else arrive.
        if (PyErr_CheckSignals() != 0) throw nb::python_error();
      }
      if (next_ == rows_.size()) {
        if (Result<void> status = iterator_.status(); !status) Raise(status.error());
        throw nb::stop_iteration();
      }
    }
    return TakeRow();
  }

 private:
  static constexpr std::size_t kChunkBytesMax = std::size_t{256} << 10;

  struct Row {
    std::size_t key_bytes;
    std::size_t value_bytes;
  };

  void ReadChunk() {
    rows_.clear();
    bytes_.clear();
    next_ = offset_ = 0;
    if (!started_) {
      started_ = true;
      if (options_.reverse)
        iterator_.SeekToLast();
      else
        iterator_.SeekToFirst();
    }
    while (iterator_.Valid() && rows_.size() < chunk_rows_ && bytes_.size() < kChunkBytesMax) {
      Row row = {0, 0};
      if (options_.show != Show::kValues) {
        row.key_bytes = iterator_.key().size();
        bytes_ += iterator_.key();
      }
      if (options_.show != Show::kKeys) {
        row.value_bytes = iterator_.value().size();
        bytes_ += iterator_.value();
      }
      rows_.push_back(row);
      if (options_.reverse)
        iterator_.Prev();
      else
        iterator_.Next();
    }
    ended_ = !iterator_.Valid();
    chunk_rows_ = std::min(chunk_rows_ * 4, options_.chunk_rows_max);
  }

  nb::object TakeRow() {
    const Row row = rows_[next_++];
    const std::string_view key(bytes_.data() + offset_, row.key_bytes);
    const std::string_view value(bytes_.data() + offset_ + row.key_bytes, row.value_bytes);
    offset_ += row.key_bytes + row.value_bytes;
    switch (options_.show) {
      case Show::kKeys: return ToBytes(key);
      case Show::kValues: return ToBytes(value);
      case Show::kItems: break;
    }
    return nb::make_tuple(ToBytes(key), ToBytes(value));
  }

  DatabaseRef open_;
  Iterator iterator_;
  const CursorOptions options_;
  bool started_ = false;
  bool ended_ = false;
  // The first rows soon: many iterations end early.
  std::size_t chunk_rows_ = std::min<std::size_t>(4, options_.chunk_rows_max);
  std::vector<Row> rows_;
  std::string bytes_;       // of the rows, one after the other
  std::size_t next_ = 0;    // row
  std::size_t offset_ = 0;  // of that row
};

}  // namespace

IteratorOptions IteratorArguments(const RangeArguments& range) {
  IteratorOptions options;
  options.lower_bound = OptionalBytes(range.start, "start");
  options.upper_bound = OptionalBytes(range.stop, "stop");
  options.prefix = OptionalBytes(range.prefix, "prefix").value_or(std::string());
  return options;
}

nb::object MakeCursor(const DatabaseRef& open, Iterator iterator, const CursorOptions& options) {
  return nb::cast(new Cursor(open, std::move(iterator), options), nb::rv_policy::take_ownership);
}

nb::object MakeCursor(const View& view, const RangeArguments& range, Show show) {
  IteratorOptions options = IteratorArguments(range);
  options.keyspace = view.options().keyspace;
  options.snapshot = view.options().snapshot;
  Iterator iterator = Unwrap(Unlocked([&] { return view.open.database().NewIterator(options); }));
  return MakeCursor(view.open, std::move(iterator), {.show = show, .reverse = range.reverse});
}

void BindCursor(nb::module_& module) {
  nb::class_<Cursor>(module, "Cursor", "A lazy iterator over one state of a database.")
      .def("__iter__", [](nb::handle self) { return nb::borrow(self); })
      .def("__next__", &Cursor::Next)
      .def("__reduce_ex__", &RefusePickle);
}

}  // namespace quiver::python
