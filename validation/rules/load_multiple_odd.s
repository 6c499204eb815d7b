        .include "rule.h"
        rule    load_multiple_odd
        iterate
        nop
        ldm.w   r2, {r6, r7, r12}
        done    load_multiple_odd
