        .include "rule.h"
        rule    divide_1_bit
        movs    r5, #8
        movs    r6, #4
        iterate
        udiv    r1, r5, r6
        done    divide_1_bit
