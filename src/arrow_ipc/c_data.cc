#include "arrow_ipc/c_data.h"

#include <atomic>
#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>
#include <vector>

#include "base/check.h"

namespace quiver::arrow_ipc {

namespace {

const char* FormatOf(ColumnType type) noexcept {
  QUIVER_CHECK(type == ColumnType::kBinary || type == ColumnType::kUInt64);
  return type == ColumnType::kBinary ? "z" : "L";
}

// int32 number of pairs, then int32 length and bytes of each key and value, in native order.
std::string EncodeMetadata(const std::vector<std::pair<std::string, std::string>>& metadata) {
  std::string encoded;
  const auto number = [&encoded](std::size_t value) {
    const auto word = static_cast<std::int32_t>(value);
    encoded.append(reinterpret_cast<const char*>(&word), sizeof word);
  };
  number(metadata.size());
  for (const auto& [key, value] : metadata) {
    number(key.size());
    encoded += key;
    number(value.size());
    encoded += value;
  }
  return encoded;
}

// What a schema and its children point to. The children may be moved out and outlive the parent,
// so all of them share it; the last to be released frees it.
struct SchemaNode {
  std::atomic<std::size_t> references;
  std::string metadata;
  std::vector<std::string> names;
  std::vector<ArrowSchema> children;
  std::vector<ArrowSchema*> child_pointers;
};

struct BatchNode {
  std::atomic<std::size_t> references;
  std::shared_ptr<const void> owner;
  const void* no_validity = nullptr;  // the struct's one buffer
  std::array<std::array<const void*, 3>, kCDataColumnsMax> buffers;
  std::array<ArrowArray, kCDataColumnsMax> children;
  std::array<ArrowArray*, kCDataColumnsMax> child_pointers;
};

template <typename Node>
void Unreference(void* node_address) {
  auto* const node = static_cast<Node*>(node_address);
  if (node->references.fetch_sub(1, std::memory_order_acq_rel) == 1) delete node;
}

// The release callback of parents and children alike.
template <typename Struct, typename Node>
void Release(Struct* released) {
  if (released == nullptr || released->release == nullptr) return;
  for (std::int64_t i = 0; i < released->n_children; ++i) {
    // Null in a child that was moved out.
    if (released->children[i]->release != nullptr) {
      released->children[i]->release(released->children[i]);
    }
  }
  released->release = nullptr;
  Unreference<Node>(std::exchange(released->private_data, nullptr));
}

// What stands behind an ArrowArrayStream.
struct StreamState {
  std::unique_ptr<CDataSource> source;
  std::optional<Error> failed;  // ends the stream
  bool ended = false;
  std::optional<std::string> last_error;
};

int ErrnoOf(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::kInvalidArgument: return EINVAL;
    case ErrorCode::kNotFound: return ENOENT;
    case ErrorCode::kIo:
    case ErrorCode::kCorruption: return EIO;
    case ErrorCode::kNoSpace: return ENOSPC;
    case ErrorCode::kUnsupported: return ENOTSUP;
    case ErrorCode::kBusy: return EBUSY;
    case ErrorCode::kReadOnly: return EROFS;
    case ErrorCode::kClosed: return EBADF;
    case ErrorCode::kInternal: return EFAULT;
    case ErrorCode::kConflict: return EAGAIN;
  }
  return EIO;
}

int Report(StreamState& state, const Error& error) {
  state.last_error = error.ToString();
  return ErrnoOf(error.code());
}

StreamState& StateOf(ArrowArrayStream* stream) {
  return *static_cast<StreamState*>(stream->private_data);
}

int GetSchema(ArrowArrayStream* stream, ArrowSchema* out) {
  StreamState& state = StateOf(stream);
  state.last_error.reset();
  ExportSchema(state.source->schema(), out);
  return 0;
}

int GetNext(ArrowArrayStream* stream, ArrowArray* out) {
  StreamState& state = StateOf(stream);
  state.last_error.reset();
  *out = {};  // released: what a consumer finds at the end, and after an error
  if (state.failed) return Report(state, *state.failed);
  Result<CDataBatch> batch = CDataBatch{};
  if (const Result<void> usable = state.source->CheckUsable(); !usable) {
    batch = usable.error();
  } else if (!state.ended) {
    batch = state.source->Next();
  }
  if (!batch) {
    state.failed = batch.error();
    return Report(state, *state.failed);
  }
  state.ended = batch->rows == 0;
  if (!state.ended) ExportBatch(state.source->schema(), *std::move(batch), out);
  return 0;
}

const char* GetLastError(ArrowArrayStream* stream) {
  const StreamState& state = StateOf(stream);
  return state.last_error ? state.last_error->c_str() : nullptr;
}

void ReleaseStream(ArrowArrayStream* stream) {
  if (stream == nullptr || stream->release == nullptr) return;
  delete static_cast<StreamState*>(stream->private_data);
  stream->private_data = nullptr;
  stream->release = nullptr;
}

}  // namespace

void ExportSchema(const Schema& schema, ArrowSchema* out) {
  const std::size_t columns = schema.columns.size();
  auto* const node = new SchemaNode{.references = columns + 1,
                                    .metadata = EncodeMetadata(schema.metadata),
                                    .names = {},
                                    .children = std::vector<ArrowSchema>(columns),
                                    .child_pointers = {}};
  node->names.reserve(columns);
  for (std::size_t i = 0; i < columns; ++i) {
    const Column& column = schema.columns[i];
    node->names.push_back(column.name);
    node->children[i] = {.format = FormatOf(column.type),
                         .name = node->names.back().c_str(),
                         .metadata = nullptr,
                         .flags = column.nullable ? ARROW_FLAG_NULLABLE : 0,
                         .n_children = 0,
                         .children = nullptr,
                         .dictionary = nullptr,
                         .release = Release<ArrowSchema, SchemaNode>,
                         .private_data = node};
    node->child_pointers.push_back(&node->children[i]);
  }
  *out = {.format = "+s",
          .name = "",
          .metadata = schema.metadata.empty() ? nullptr : node->metadata.data(),
          .flags = 0,
          .n_children = static_cast<std::int64_t>(columns),
          .children = node->child_pointers.data(),
          .dictionary = nullptr,
          .release = Release<ArrowSchema, SchemaNode>,
          .private_data = node};
}

void ExportBatch(const Schema& schema, CDataBatch batch, ArrowArray* out) {
  const std::size_t columns = schema.columns.size();
  QUIVER_CHECK(columns <= kCDataColumnsMax);
  auto* const node = new BatchNode;
  node->references.store(columns + 1, std::memory_order_relaxed);
  node->owner = std::move(batch.owner);
  for (std::size_t i = 0; i < columns; ++i) {
    const CDataColumn& column = batch.columns[i];
    const bool has_offsets = schema.columns[i].type == ColumnType::kBinary;
    // An empty column has data all the same: some consumers want no null pointers.
    const void* const data = column.data == nullptr ? "" : column.data;
    node->buffers[i] = {nullptr, has_offsets ? static_cast<const void*>(column.offsets) : data,
                        data};
    node->children[i] = {.length = batch.rows,
                         .null_count = 0,
                         .offset = column.first_row,
                         .n_buffers = has_offsets ? 3 : 2,
                         .n_children = 0,
                         .buffers = node->buffers[i].data(),
                         .children = nullptr,
                         .dictionary = nullptr,
                         .release = Release<ArrowArray, BatchNode>,
                         .private_data = node};
    node->child_pointers[i] = &node->children[i];
  }
  *out = {.length = batch.rows,
          .null_count = 0,
          .offset = 0,
          .n_buffers = 1,
          .n_children = static_cast<std::int64_t>(columns),
          .buffers = &node->no_validity,
          .children = node->child_pointers.data(),
          .dictionary = nullptr,
          .release = Release<ArrowArray, BatchNode>,
          .private_data = node};
}

void ExportStream(std::unique_ptr<CDataSource> source, ArrowArrayStream* out) {
  *out = {.get_schema = GetSchema,
          .get_next = GetNext,
          .get_last_error = GetLastError,
          .release = ReleaseStream,
          .private_data = new StreamState{
              .source = std::move(source), .failed = {}, .ended = false, .last_error = {}}};
}

}  // namespace quiver::arrow_ipc
