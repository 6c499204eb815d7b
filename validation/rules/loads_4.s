        .include "rule.h"
        rule    loads_4
        iterate
        ldr     r1, [r2]
        ldr     r3, [r2, #4]
        ldr     r7, [r2, #8]
        ldr     r5, [r2, #12]
        done    loads_4
