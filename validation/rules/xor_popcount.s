        .include "rule.h"
        rule    xor_popcount
        iterate
        ldr.w   r3, [r2, #4]!
        ldr.w   r6, [r4, #4]!
        eors    r3, r6
        lsrs    r6, r3, #1
        and.w   r6, r6, #0x55555555
        subs    r3, r3, r6
        lsrs    r6, r3, #2
        and.w   r6, r6, #0x33333333
        and.w   r3, r3, #0x33333333
        add     r3, r6
        add.w   r3, r3, r3, lsr #4
        and.w   r3, r3, #0x0f0f0f0f
        add.w   r3, r3, r3, lsl #8
        add.w   r3, r3, r3, lsl #16
        add.w   r7, r7, r3, lsr #24
        done    xor_popcount
