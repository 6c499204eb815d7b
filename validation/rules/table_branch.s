        .include "rule.h"
        rule    table_branch
        movs    r5, #0
        iterate
        tbb     [pc, r5]
        .byte   1, 0
        done    table_branch
