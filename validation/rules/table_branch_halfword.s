        .include "rule.h"
        rule    table_branch_halfword
        movs    r5, #0
        iterate
        tbh     [pc, r5, lsl #1]
        .short  1
        done    table_branch_halfword
