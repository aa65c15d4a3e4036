// The two macros that pass an Error up.
//
//   QUIVER_TRY(file->Sync());                        // returns the Error, if any
//   QUIVER_ASSIGN_OR_RETURN(auto n, file->Size());   // declares or assigns n
#pragma once

#include "quiver/error.h"

#define QUIVER_TRY(expression)                                                  \
  do {                                                                          \
    if (auto quiver_try_result = (expression); !quiver_try_result) [[unlikely]] \
      return ::quiver::Error(std::move(quiver_try_result).error());             \
  } while (false)

#define QUIVER_CONCAT_INNER(a, b) a##b
#define QUIVER_CONCAT(a, b) QUIVER_CONCAT_INNER(a, b)
#define QUIVER_ASSIGN_OR_RETURN(target, expression) \
  QUIVER_ASSIGN_OR_RETURN_INNER(QUIVER_CONCAT(quiver_result_, __LINE__), target, expression)
#define QUIVER_ASSIGN_OR_RETURN_INNER(result, target, expression) \
  auto result = (expression);                                     \
  if (!(result)) [[unlikely]]                                     \
    return ::quiver::Error(std::move(result).error());            \
  target = std::move(*result)
