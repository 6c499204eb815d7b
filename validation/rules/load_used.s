        .include "rule.h"
        rule    load_used
        iterate
        ldr     r1, [r2]
        adds    r3, r3, r1
        done    load_used
