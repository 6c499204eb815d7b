        .include "rule.h"
        rule    it_divide_fails
        iterate
        cmp     r5, r6
        it      eq
        udiveq  r1, r5, r6
        done    it_divide_fails
