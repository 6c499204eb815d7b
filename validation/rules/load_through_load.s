        .include "rule.h"
        rule    load_through_load
        iterate
        ldr     r1, [r2]
        ldr     r3, [r1]
        done    load_through_load
