        .include "rule.h"
        rule    divide_zero_quotient
        movs    r5, #3
        movs    r6, #8
        iterate
        udiv    r1, r5, r6
        done    divide_zero_quotient
