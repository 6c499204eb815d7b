        .include "rule.h"
        rule    store_multiple_store
        iterate
        stm     r2!, {r5, r6}
        str     r3, [r4]
        done    store_multiple_store
