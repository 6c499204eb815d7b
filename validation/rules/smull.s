        .include "rule.h"
        rule    smull
        iterate
        smull   r1, r7, r5, r6
        done    smull
