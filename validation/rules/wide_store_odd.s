        .include "rule.h"
        rule    wide_store_odd
        iterate
        nop
        str.w   r12, [r2]
        done    wide_store_odd
