        .include "rule.h"
        rule    multiply_subtract
        iterate
        mls     r1, r5, r6, r1
        done    multiply_subtract
