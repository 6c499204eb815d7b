        .include "rule.h"
        rule    store_alu_load
        iterate
        str     r3, [r2]
        adds    r1, #1
        ldr     r3, [r2]
        done    store_alu_load
