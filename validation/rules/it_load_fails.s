        .include "rule.h"
        rule    it_load_fails
        iterate
        cmp     r5, r6
        it      eq
        ldreq   r1, [r2]
        done    it_load_fails
