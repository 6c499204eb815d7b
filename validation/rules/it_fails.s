        .include "rule.h"
        rule    it_fails
        iterate
        cmp     r1, r2
        it      eq
        moveq   r3, r4
        done    it_fails
