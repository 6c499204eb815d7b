        .include "rule.h"
        rule    store_multiple_load
        iterate
        stm     r2!, {r4-r7}
        ldr     r1, [r4]
        done    store_multiple_load
