        .include "rule.h"
        rule    umull
        iterate
        umull   r1, r7, r5, r6
        done    umull
