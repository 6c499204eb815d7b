        .include "rule.h"
        rule    it_store_fails
        iterate
        cmp     r5, r6
        it      eq
        streq   r1, [r2, r5]
        done    it_store_fails
