        .include "rule.h"
        rule    alu_kinds
        iterate
        adds    r1, r1, r5
        lsls    r1, r1, r3
        movs    r1, #1
        uxtb    r1, r1
        rev     r1, r1
        mvns    r1, r1
        cmp     r1, r3
        tst     r1, r3
        done    alu_kinds
