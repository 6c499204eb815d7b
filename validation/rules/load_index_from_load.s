        .include "rule.h"
        rule    load_index_from_load
        iterate
        movs    r5, #0
        str     r5, [r4]
        movs    r7, #1
        ldr     r5, [r4]
        ldr     r1, [r2, r5]
        done    load_index_from_load
