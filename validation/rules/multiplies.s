        .include "rule.h"
        rule    multiplies
        iterate
        muls    r1, r2, r1
        mla     r1, r2, r3, r1
        umull   r4, r5, r2, r3
        smlad   r1, r2, r3, r1
        done    multiplies
