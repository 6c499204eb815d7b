        .include "rule.h"
        rule    load_writeback_store_base
        iterate
        ldr     r3, [r2, #4]!
        str     r1, [r2]
        done    load_writeback_store_base
