/* How compilers are to treat functions and values. */
#ifndef BNN_INLINE_H
#define BNN_INLINE_H

#define BNN_INLINE static inline __attribute__((always_inline))
#define BNN_NOINLINE static __attribute__((noinline, unused))

/* Keep a value in a register here: stops a compiler from reordering sums until they no longer fit. */
#define BNN_KEEP(x) __asm__ volatile("" : "+r"(x))
#endif
