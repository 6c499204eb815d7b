        .include "rule.h"
        rule    load_store
        iterate
        ldr     r1, [r2]
        str     r3, [r2, #4]
        done    load_store
