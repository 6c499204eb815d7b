        .include "rule.h"
        rule    load
        iterate
        ldr     r1, [r2]
        done    load
