        .include "rule.h"
        rule    multiply
        iterate
        muls    r1, r5, r1
        done    multiply
