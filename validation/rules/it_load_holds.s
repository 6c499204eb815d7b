        .include "rule.h"
        rule    it_load_holds
        iterate
        cmp     r5, r5
        it      eq
        ldreq   r1, [r2]
        done    it_load_holds
