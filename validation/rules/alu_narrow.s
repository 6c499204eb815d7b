        .include "rule.h"
        rule    alu_narrow
        iterate
        adds    r1, r1, r2
        adds    r1, r1, r2
        adds    r1, r1, r2
        adds    r1, r1, r2
        done    alu_narrow
