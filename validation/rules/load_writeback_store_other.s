        .include "rule.h"
        rule    load_writeback_store_other
        iterate
        ldr     r3, [r2, #4]!
        str     r1, [r4]
        done    load_writeback_store_other
