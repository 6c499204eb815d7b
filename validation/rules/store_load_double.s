        .include "rule.h"
        rule    store_load_double
        iterate
        nop
        str     r3, [r2]
        ldrd    r6, r7, [r2]
        done    store_load_double
