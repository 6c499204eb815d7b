        .include "rule.h"
        rule    store
        iterate
        str     r1, [r2]
        done    store
