        .include "rule.h"
        rule    not_taken
        iterate
        cmp     r5, r5
        bne     1f
        nop
1:
        done    not_taken
