        .include "rule.h"
        rule    alu_address
        iterate
        adds    r7, r2, #4
        ldr     r1, [r7]
        done    alu_address
