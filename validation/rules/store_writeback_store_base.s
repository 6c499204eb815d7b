        .include "rule.h"
        rule    store_writeback_store_base
        iterate
        str     r3, [r2, #4]!
        str     r1, [r2]
        done    store_writeback_store_base
