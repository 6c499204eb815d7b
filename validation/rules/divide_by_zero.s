        .include "rule.h"
        rule    divide_by_zero
        movs    r5, #8
        movs    r6, #0
        iterate
        udiv    r1, r5, r6
        done    divide_by_zero
