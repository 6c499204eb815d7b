        .include "rule.h"
        rule    load_writeback_load_base
        iterate
        ldr     r1, [r2], #4
        ldr     r3, [r2]
        done    load_writeback_load_base
