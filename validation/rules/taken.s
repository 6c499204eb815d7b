        .include "rule.h"
        rule    taken
        iterate
        cmp     r5, r5
        beq     1f
        nop
1:
        done    taken
