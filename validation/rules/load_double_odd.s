        .include "rule.h"
        rule    load_double_odd
        iterate
        nop
        ldrd    r6, r7, [r2]
        done    load_double_odd
