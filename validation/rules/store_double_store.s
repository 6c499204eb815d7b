        .include "rule.h"
        rule    store_double_store
        iterate
        strd    r6, r7, [r2]
        str     r1, [r2]
        done    store_double_store
