        .include "rule.h"
        rule    wide_8
        iterate
        add.w   r1, r1, r2
        add.w   r1, r1, r2
        add.w   r1, r1, r2
        add.w   r1, r1, r2
        add.w   r1, r1, r2
        add.w   r1, r1, r2
        add.w   r1, r1, r2
        add.w   r1, r1, r2
        done    wide_8
