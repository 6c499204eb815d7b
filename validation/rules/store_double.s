        .include "rule.h"
        rule    store_double
        iterate
        strd    r6, r7, [r2]
        done    store_double
