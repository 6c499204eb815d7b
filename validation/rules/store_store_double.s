        .include "rule.h"
        rule    store_store_double
        iterate
        nop
        str     r3, [r2]
        strd    r6, r7, [r2]
        done    store_store_double
