        .include "rule.h"
        rule    branch
        iterate
        b       1f
        nop
1:
        done    branch
