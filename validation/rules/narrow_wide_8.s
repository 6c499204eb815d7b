        .include "rule.h"
        rule    narrow_wide_8
        iterate
        adds    r1, r1, r2
        add.w   r1, r1, r2
        add.w   r1, r1, r2
        add.w   r1, r1, r2
        add.w   r1, r1, r2
        add.w   r1, r1, r2
        add.w   r1, r1, r2
        add.w   r1, r1, r2
        add.w   r1, r1, r2
        done    narrow_wide_8
