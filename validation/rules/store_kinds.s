        .include "rule.h"
        rule    store_kinds
        iterate
        strb    r1, [r2]
        strh    r1, [r2, #2]
        done    store_kinds
