/* Vector table and what runs before main. No clock set-up: every part starts from an internal oscillator that is
 * slow enough for its flash to need no wait states. */
#include <stdint.h>
#include "counter.h"

extern uint32_t data_start[], data_end[], data_load[], bss_start[], bss_end[], stack_top[];
int main(void);
void reset(void);
void fault(void);

__attribute__((section(".vectors"), used)) static const void *const vectors[16] = {
    stack_top, (const void *)reset, (const void *)fault, (const void *)fault, (const void *)fault,
    (const void *)fault, (const void *)fault,
};

void fault(void)
{
    for (;;)
        __asm__ volatile("bkpt #1");
}

static void enable(void)
{
#if __ARM_ARCH > 6
    REGISTER(0xE000ED88) |= 0xFu << 20; /* CPACR: the FPU, if there is one */
#endif
#ifdef CACHES
    REGISTER(0xE000EF50) = 0;           /* ICIALLU: invalidate the instruction cache */
    __asm__ volatile("dsb\n\tisb");
    REGISTER(0xE000ED14) |= 1u << 17;   /* CCR.IC. Data lie in DTCM, which needs no cache. */
#endif
    __asm__ volatile("dsb\n\tisb");
}

/* Naked: the stack pointer is set for debuggers that start here without a reset. */
__attribute__((naked)) void reset(void)
{
    __asm__ volatile("ldr r0, =stack_top\n\t"
                     "mov sp, r0\n\t"
                     "bl start\n\t"
                     ".ltorg");
}

__attribute__((used, noreturn)) void start(void);
void start(void)
{
    const uint32_t *from = data_load;
    for (volatile uint32_t *to = data_start; to < data_end;)
        *to++ = *from++;
    for (volatile uint32_t *to = bss_start; to < bss_end;)
        *to++ = 0;
    enable();
    main();
    for (;;)
        __asm__ volatile("bkpt #0"); /* GDB stops here */
}
