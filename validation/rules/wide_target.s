        .include "rule.h"
        rule    wide_target
        iterate
        add.w   r1, r1, r2
        done    wide_target
