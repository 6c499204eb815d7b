        .include "rule.h"
        rule    it_pop_fails
        iterate
        cmp     r5, r6
        it      eq
        popeq   {r1, pc}
        done    it_pop_fails
