        .include "rule.h"
        rule    store_writeback_load_base
        iterate
        str     r3, [r2, #4]!
        ldr     r1, [r2]
        done    store_writeback_load_base
