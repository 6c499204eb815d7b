        .include "rule.h"
        rule    load_kinds
        iterate
        ldrb    r1, [r2]
        movs    r7, #1
        ldrh    r1, [r2]
        movs    r7, #1
        ldrsb   r1, [r2, r5]
        movs    r7, #1
        ldrsh   r1, [r2, r5]
        done    load_kinds
