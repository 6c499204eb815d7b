        .include "rule.h"
        rule    wide_load_odd
        iterate odd=1
        ldr.w   r12, [r2]
        done    wide_load_odd
