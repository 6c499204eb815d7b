        .include "rule.h"
        rule    load_alu_load
        iterate
        ldr     r1, [r2]
        adds    r7, #1
        ldr     r3, [r2, #4]
        done    load_alu_load
