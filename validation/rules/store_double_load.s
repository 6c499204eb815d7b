        .include "rule.h"
        rule    store_double_load
        iterate
        strd    r6, r7, [r2]
        ldr     r1, [r2]
        done    store_double_load
