// Merge operators of C functions.
//
// Thread safety: an operator is constant once made; its functions answer for themselves.
#include "handles.h"

using quiver::c::Call;

struct quiver_merge_result {
  std::string& bytes;
};

namespace {

static_assert(sizeof(std::int64_t) == QUIVER_INT64_BYTES);

class FunctionOperator final : public quiver::MergeOperator {
 public:
  explicit FunctionOperator(const quiver_merge_functions& functions) : functions_(functions) {}
  FunctionOperator(const FunctionOperator&) = delete;
  FunctionOperator& operator=(const FunctionOperator&) = delete;
  ~FunctionOperator() override {
    if (functions_.destroy != nullptr) functions_.destroy(functions_.context);
  }

  bool Merge(std::string_view key, std::optional<std::string_view> base,
             std::span<const std::string_view> operands,
             std::string& result) const noexcept override {
    const Operands parts(operands);
    // A view of nothing may have no address, which in C means that there is no value.
    const char* base_data = nullptr;
    if (base) base_data = base->data() == nullptr ? "" : base->data();
    result.clear();
    quiver_merge_result out{result};
    return functions_.merge(functions_.context, key.data(), key.size(), base_data,
                            base ? base->size() : 0, parts.data.data(), parts.sizes.data(),
                            operands.size(), &out);
  }

  bool Combine(std::string_view key, std::span<const std::string_view> operands,
               std::string& result) const noexcept override {
    if (functions_.combine == nullptr) return false;
    const Operands parts(operands);
    result.clear();
    quiver_merge_result out{result};
    return functions_.combine(functions_.context, key.data(), key.size(), parts.data.data(),
                              parts.sizes.data(), operands.size(), &out);
  }

  bool IsOperand(std::string_view operand) const noexcept override {
    return functions_.is_operand == nullptr ||
           functions_.is_operand(functions_.context, operand.data(), operand.size());
  }

 private:
  struct Operands {
    explicit Operands(std::span<const std::string_view> operands) {
      data.reserve(operands.size());
      sizes.reserve(operands.size());
      for (const std::string_view operand : operands) {
        data.push_back(operand.data() == nullptr ? "" : operand.data());
        sizes.push_back(operand.size());
      }
    }
    std::vector<const char*> data;
    std::vector<std::size_t> sizes;
  };

  const quiver_merge_functions functions_;
};

}  // namespace

void quiver_merge_result_append(quiver_merge_result* result, const char* bytes, size_t size) {
  if (result != nullptr && bytes != nullptr) result->bytes.append(bytes, size);
}

quiver_code quiver_merge_operator_create(const quiver_merge_functions* functions,
                                         quiver_merge_operator** merge_operator,
                                         quiver_error** error) {
  return Call(error, {{functions, "functions"}, {merge_operator, "merge_operator"}},
              [&]() -> quiver::Result<void> {
                if (functions->merge == nullptr) {
                  return quiver::Error(quiver::ErrorCode::kInvalidArgument,
                                       "a merge operator needs the function 'merge'; it is NULL");
                }
                *merge_operator =
                    new quiver_merge_operator{std::make_shared<FunctionOperator>(*functions)};
                return {};
              });
}

void quiver_merge_operator_destroy(quiver_merge_operator* merge_operator) {
  delete merge_operator;
}

quiver_code quiver_open_with_operator(const char* directory, const quiver_config* config,
                                      const quiver_merge_operator* merge_operator,
                                      quiver_database** database, quiver_error** error) {
  return Call(error, {{directory, "directory"}, {database, "database"}}, [&] {
    return quiver::c::GiveHandle(
        quiver::Database::Open(directory, config == nullptr ? quiver::Balanced() : config->config,
                               quiver::c::OperatorOf(merge_operator)),
        database);
  });
}

quiver_code quiver_open_read_only_with_operator(const char* directory,
                                                const quiver_merge_operator* merge_operator,
                                                quiver_database** database, quiver_error** error) {
  return Call(error, {{directory, "directory"}, {database, "database"}}, [&] {
    return quiver::c::GiveHandle(
        quiver::Database::OpenReadOnly(directory, quiver::c::OperatorOf(merge_operator)), database);
  });
}

void quiver_encode_int64(int64_t value, char* bytes) {
  if (bytes == nullptr) return;
  const std::string encoded = quiver::EncodeInt64(value);
  std::memcpy(bytes, encoded.data(), QUIVER_INT64_BYTES);
}

bool quiver_decode_int64(const char* bytes, size_t size, int64_t* value) {
  if (bytes == nullptr || value == nullptr) return false;
  const auto decoded = quiver::DecodeInt64({bytes, size});
  if (decoded) *value = *decoded;
  return decoded.has_value();
}
