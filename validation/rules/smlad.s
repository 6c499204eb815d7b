        .include "rule.h"
        rule    smlad
        iterate
        smlad   r1, r5, r6, r1
        done    smlad
