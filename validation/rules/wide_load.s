        .include "rule.h"
        rule    wide_load
        iterate
        ldr.w   r12, [r2]
        done    wide_load
