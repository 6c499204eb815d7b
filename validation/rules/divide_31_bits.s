        .include "rule.h"
        rule    divide_31_bits
        movs    r5, #1
        lsls    r5, r5, #31
        movs    r6, #1
        iterate
        udiv    r1, r5, r6
        done    divide_31_bits
