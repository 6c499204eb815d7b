        .include "rule.h"
        rule    divide_signed
        movs    r5, #8
        negs    r5, r5
        movs    r6, #2
        iterate
        sdiv    r1, r5, r6
        done    divide_signed
