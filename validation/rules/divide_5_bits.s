        .include "rule.h"
        rule    divide_5_bits
        movs    r5, #128
        movs    r6, #4
        iterate
        udiv    r1, r5, r6
        done    divide_5_bits
