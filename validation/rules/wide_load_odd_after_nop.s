        .include "rule.h"
        rule    wide_load_odd_after_nop
        iterate
        nop
        ldr.w   r12, [r2]
        done    wide_load_odd_after_nop
