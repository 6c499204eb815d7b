        .include "rule.h"
        rule    alu_narrow_odd
        iterate odd=1
        adds    r1, r1, r5
        adds    r1, r1, r5
        adds    r1, r1, r5
        done    alu_narrow_odd
