// Whether this build runs under AddressSanitizer or ThreadSanitizer, which take several times the
// memory of what they watch.
#pragma once

// g++ 12 defines a macro for each, clang 19 knows them as features.
#if defined(__has_feature)
#define QUIVER_HAS_FEATURE(feature) __has_feature(feature)
#else
#define QUIVER_HAS_FEATURE(feature) 0
#endif

namespace quiver::testing {

#if defined(__SANITIZE_THREAD__) || QUIVER_HAS_FEATURE(thread_sanitizer)
inline constexpr bool kThreadSanitized = true;
#else
inline constexpr bool kThreadSanitized = false;
#endif

#if defined(__SANITIZE_ADDRESS__) || QUIVER_HAS_FEATURE(address_sanitizer)
inline constexpr bool kSanitized = true;
#else
inline constexpr bool kSanitized = kThreadSanitized;
#endif

}  // namespace quiver::testing
