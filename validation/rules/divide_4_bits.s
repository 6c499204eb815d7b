        .include "rule.h"
        rule    divide_4_bits
        movs    r5, #64
        movs    r6, #4
        iterate
        udiv    r1, r5, r6
        done    divide_4_bits
