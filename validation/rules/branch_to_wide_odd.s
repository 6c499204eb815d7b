        .include "rule.h"
        rule    branch_to_wide_odd
        iterate
        b       1f
        nop
        nop
1:      add.w   r1, r1, r2
        done    branch_to_wide_odd
