        .include "rule.h"
        rule    multiply_accumulate
        iterate
        mla     r1, r5, r6, r1
        done    multiply_accumulate
