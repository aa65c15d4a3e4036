// Batches and the options of their operations, for C.
#include "handles.h"

using quiver::c::Bytes;
using quiver::c::Call;
using quiver::c::OptionsOf;

quiver_code quiver_entry_options_create(quiver_entry_options** options, quiver_error** error) {
  return Call(error, {{options, "options"}}, [&]() -> quiver::Result<void> {
    *options = new quiver_entry_options();
    return {};
  });
}

void quiver_entry_options_destroy(quiver_entry_options* options) {
  delete options;
}

quiver_code quiver_entry_options_set_expiry_us(quiver_entry_options* options, uint64_t expiry_us,
                                               quiver_error** error) {
  return Call(error, {{options, "options"}}, [&]() -> quiver::Result<void> {
    options->expiry_us = expiry_us;
    return {};
  });
}

quiver_code quiver_entry_options_set_keyspace(quiver_entry_options* options,
                                              const quiver_keyspace* keyspace,
                                              quiver_error** error) {
  return quiver::c::SetKeyspace(options, keyspace, error);
}

quiver_code quiver_batch_create(quiver_batch** batch, quiver_error** error) {
  return Call(error, {{batch, "batch"}}, [&]() -> quiver::Result<void> {
    *batch = new quiver_batch();
    return {};
  });
}

quiver_code quiver_batch_copy(const quiver_batch* from, quiver_batch** batch,
                              quiver_error** error) {
  return Call(error, {{from, "from"}, {batch, "batch"}}, [&]() -> quiver::Result<void> {
    *batch = new quiver_batch(*from);
    return {};
  });
}

void quiver_batch_destroy(quiver_batch* batch) {
  delete batch;
}

quiver_code quiver_batch_put(quiver_batch* batch, const quiver_entry_options* options,
                             const char* key, size_t key_size, const char* value, size_t value_size,
                             quiver_error** error) {
  return Call(error, {{batch, "batch"}, {key, key_size, "key"}, {value, value_size, "value"}}, [&] {
    return batch->batch.Put(Bytes(key, key_size), Bytes(value, value_size), OptionsOf(options));
  });
}

quiver_code quiver_batch_delete(quiver_batch* batch, const quiver_entry_options* options,
                                const char* key, size_t key_size, quiver_error** error) {
  return Call(error, {{batch, "batch"}, {key, key_size, "key"}},
              [&] { return batch->batch.Delete(Bytes(key, key_size), OptionsOf(options)); });
}

quiver_code quiver_batch_delete_range(quiver_batch* batch, const quiver_entry_options* options,
                                      const char* begin, size_t begin_size, const char* end,
                                      size_t end_size, quiver_error** error) {
  return Call(error, {{batch, "batch"}, {begin, begin_size, "begin"}, {end, end_size, "end"}}, [&] {
    return batch->batch.DeleteRange(Bytes(begin, begin_size), Bytes(end, end_size),
                                    OptionsOf(options));
  });
}

quiver_code quiver_batch_merge(quiver_batch* batch, const quiver_entry_options* options,
                               const char* key, size_t key_size, const char* operand,
                               size_t operand_size, quiver_error** error) {
  return Call(error, {{batch, "batch"}, {key, key_size, "key"}, {operand, operand_size, "operand"}},
              [&] {
                return batch->batch.Merge(Bytes(key, key_size), Bytes(operand, operand_size),
                                          OptionsOf(options));
              });
}

void quiver_batch_clear(quiver_batch* batch) {
  if (batch != nullptr) batch->batch.Clear();
}

uint32_t quiver_batch_count(const quiver_batch* batch) {
  return batch == nullptr ? 0 : batch->batch.count();
}

bool quiver_batch_uses_default(const quiver_batch* batch) {
  return batch != nullptr && batch->batch.uses_default();
}

bool quiver_batch_has_merges(const quiver_batch* batch) {
  return batch != nullptr && batch->batch.has_merges();
}

quiver_code quiver_batch_keyspaces(const quiver_batch* batch, quiver_keyspaces** keyspaces,
                                   quiver_error** error) {
  return Call(error, {{batch, "batch"}, {keyspaces, "keyspaces"}}, [&]() -> quiver::Result<void> {
    *keyspaces = quiver::c::MakeList(batch->batch.keyspaces());
    return {};
  });
}

const char* quiver_batch_encoded(const quiver_batch* batch, size_t* size) {
  if (size != nullptr) *size = batch == nullptr ? 0 : batch->batch.size_bytes();
  return batch == nullptr ? nullptr : batch->batch.encoded().data();
}
