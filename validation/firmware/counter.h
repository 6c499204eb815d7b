/* A counter of core cycles: CYCCNT of the DWT, on Armv6-M, which has none, SysTick. */
#ifndef COUNTER_H
#define COUNTER_H
#include <stdint.h>

#define REGISTER(address) (*(volatile uint32_t *)(address))

#if __ARM_ARCH == 6
/* SysTick (Arm DDI 0419, B3.3): counts down 24 bits at the core's clock. */
enum { COUNTER_MASK = 0xffffff };
static inline void counter_start(void)
{
    REGISTER(0xE000E014) = COUNTER_MASK; /* reload */
    REGISTER(0xE000E018) = 0;            /* current value */
    REGISTER(0xE000E010) = 5;            /* core clock, enabled, no interrupt */
}
static inline uint32_t counter_read(void)
{
    return ~REGISTER(0xE000E018) & COUNTER_MASK;
}
#else
/* DWT (Arm DDI 0403, C1.8). */
enum { COUNTER_MASK = -1 };
static inline void counter_start(void)
{
    REGISTER(0xE000EDFC) |= 1u << 24;  /* DEMCR.TRCENA: the DWT runs */
    REGISTER(0xE0001FB0) = 0xC5ACCE55; /* lock access register: Cortex-M7 ignores writes without it */
    REGISTER(0xE0001004) = 0;          /* CYCCNT */
    REGISTER(0xE0001000) |= 1;         /* CTRL.CYCCNTENA */
}
static inline uint32_t counter_read(void)
{
    return REGISTER(0xE0001004);
}
#endif
#endif
