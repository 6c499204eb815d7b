        .include "rule.h"
        rule    loads_2
        iterate
        ldr     r1, [r2]
        ldr     r3, [r2, #4]
        done    loads_2
