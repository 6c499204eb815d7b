        .include "rule.h"
        rule    ite
        iterate
        cmp     r5, r6
        ite     eq
        moveq   r3, r6
        movne   r3, r5
        done    ite
