        .include "rule.h"
        rule    stores_2
        iterate
        str     r3, [r2, #4]
        str     r1, [r2]
        done    stores_2
