        .include "rule.h"
        rule    it_holds
        iterate
        cmp     r5, r5
        it      eq
        moveq   r3, r6
        done    it_holds
