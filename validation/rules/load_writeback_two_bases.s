        .include "rule.h"
        rule    load_writeback_two_bases
        iterate
        ldr     r1, [r2], #4
        ldr     r3, [r4], #4
        done    load_writeback_two_bases
