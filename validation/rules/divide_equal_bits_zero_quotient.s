        .include "rule.h"
        rule    divide_equal_bits_zero_quotient
        movs    r5, #6
        movs    r6, #7
        iterate
        udiv    r1, r5, r6
        done    divide_equal_bits_zero_quotient
