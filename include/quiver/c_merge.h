// Merge operators through the C API: what quiver_merge does to a value (docs/entry_kinds.md).
//
// The built-in operators are chosen by the setting merge_operator ("add_int64", "append") of the
// database or keyspace. With merge_operator = custom the program passes functions of its own when
// it opens the database.
//
// Thread safety: the functions of an operator are called from several threads at once: by every
// thread that reads, writes or iterates, and by background threads of the database, from the open
// to the end of its close and as long as iterators and streams of it are read. They must not call
// the database, longjmp or throw, and must give the same answer whenever they are asked.
#pragma once

#include "quiver/c.h"

#ifdef __cplusplus
extern "C" {
#endif

// NOLINTBEGIN(modernize-use-using): this is C

typedef struct quiver_merge_operator quiver_merge_operator;
/// Where a function puts its outcome; empty at first.
typedef struct quiver_merge_result quiver_merge_result;

/// Appends bytes, which are copied. Nothing where `result` is NULL, or `bytes` with a size.
void quiver_merge_result_append(quiver_merge_result* result, const char* bytes, size_t size);

/// Applies `count` operands, the oldest first, to `base` (NULL: the key has no value; an empty
/// value is not NULL). False if they do not fit: the read then fails with
/// QUIVER_INVALID_ARGUMENT, and compactions keep everything as it is. The outcome must be the same
/// however the operands were grouped by `combine`.
typedef bool (*quiver_merge_function)(void* context, const char* key, size_t key_size,
                                      const char* base, size_t base_size,
                                      const char* const* operands, const size_t* operand_sizes,
                                      size_t count, quiver_merge_result* result);
/// Makes one operand of several, the oldest first. False: it cannot; they are then kept apart.
typedef bool (*quiver_combine_function)(void* context, const char* key, size_t key_size,
                                        const char* const* operands, const size_t* operand_sizes,
                                        size_t count, quiver_merge_result* result);
/// Whether an operand may be written at all.
typedef bool (*quiver_is_operand_function)(void* context, const char* operand, size_t operand_size);

typedef struct quiver_merge_functions {
  quiver_merge_function merge;
  quiver_combine_function combine;        ///< may be NULL: operands are kept apart
  quiver_is_operand_function is_operand;  ///< may be NULL: everything is an operand
  void* context;                          ///< handed to each function
  /// Called once with the context, by the thread that lets go of the operator last, when no
  /// function of it will be called any more. May be NULL.
  void (*destroy)(void* context);
} quiver_merge_functions;

/// An operator of the program's functions. On failure `destroy` is not called.
quiver_code quiver_merge_operator_create(const quiver_merge_functions* functions,
                                         quiver_merge_operator** merge_operator,
                                         quiver_error** error);
/// Databases share the operator: the handle may be destroyed once they are open.
void quiver_merge_operator_destroy(quiver_merge_operator* merge_operator);

/// As quiver_open and quiver_open_read_only, with the operator of keyspaces whose setting
/// merge_operator is custom.
quiver_code quiver_open_with_operator(const char* directory, const quiver_config* config,
                                      const quiver_merge_operator* merge_operator,
                                      quiver_database** database, quiver_error** error);
quiver_code quiver_open_read_only_with_operator(const char* directory,
                                                const quiver_merge_operator* merge_operator,
                                                quiver_database** database, quiver_error** error);

/// The bytes of a counter of add_int64.
#define QUIVER_INT64_BYTES 8
/// Encodes a counter into QUIVER_INT64_BYTES bytes; nothing where `bytes` is NULL.
void quiver_encode_int64(int64_t value, char* bytes);
/// False, with *value as it was, unless the size is QUIVER_INT64_BYTES and no pointer is NULL.
bool quiver_decode_int64(const char* bytes, size_t size, int64_t* value);

// NOLINTEND(modernize-use-using)

#ifdef __cplusplus
}  // extern "C"
#endif
