/* Hot loops are compiled for several instruction sets and chosen when the library loads (portable C, one source). Under
 * sanitizers there is one version: their resolvers run too early. */
#ifndef LIMES_BASE_CLONES_H
#define LIMES_BASE_CLONES_H

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(undefined_behavior_sanitizer)
#define LIMES_SANITIZED 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define LIMES_SANITIZED 1
#endif

#if defined(__x86_64__) && defined(__gnu_linux__) && defined(__GNUC__) && !defined(__clang__) && !defined(LIMES_SANITIZED)
#define LIMES_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define LIMES_CLONES
#endif

/* Before a loop whose outputs are its inputs' own memory or none of it: element i depends on element i alone. */
#if defined(__clang__) && defined(LIMES_SANITIZED)
#define LIMES_INDEPENDENT /* sanitizers keep such loops from vectorizing, and clang would warn of each */
#elif defined(__clang__)
#define LIMES_INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#else
#define LIMES_INDEPENDENT _Pragma("GCC ivdep")
#endif

#define LIMES_INLINE static inline __attribute__((always_inline))

#endif
