        .include "rule.h"
        rule    load_double
        iterate
        ldrd    r6, r7, [r2]
        done    load_double
