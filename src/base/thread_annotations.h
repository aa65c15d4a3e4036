// The attributes of clang's thread-safety analysis; empty for other compilers.
#pragma once

#if defined(__clang__)
#define QUIVER_THREAD_ATTRIBUTE(x) __attribute__((x))
#else
#define QUIVER_THREAD_ATTRIBUTE(x)
#endif

#define CAPABILITY(x) QUIVER_THREAD_ATTRIBUTE(capability(x))
#define SCOPED_CAPABILITY QUIVER_THREAD_ATTRIBUTE(scoped_lockable)
#define GUARDED_BY(x) QUIVER_THREAD_ATTRIBUTE(guarded_by(x))
#define PT_GUARDED_BY(x) QUIVER_THREAD_ATTRIBUTE(pt_guarded_by(x))
#define REQUIRES(...) QUIVER_THREAD_ATTRIBUTE(requires_capability(__VA_ARGS__))
#define ACQUIRE(...) QUIVER_THREAD_ATTRIBUTE(acquire_capability(__VA_ARGS__))
#define TRY_ACQUIRE(...) QUIVER_THREAD_ATTRIBUTE(try_acquire_capability(__VA_ARGS__))
#define RELEASE(...) QUIVER_THREAD_ATTRIBUTE(release_capability(__VA_ARGS__))
#define EXCLUDES(...) QUIVER_THREAD_ATTRIBUTE(locks_excluded(__VA_ARGS__))
#define NO_THREAD_SAFETY_ANALYSIS QUIVER_THREAD_ATTRIBUTE(no_thread_safety_analysis)
