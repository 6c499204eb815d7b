        .include "rule.h"
        rule    smlal
        iterate
        smlal   r1, r7, r5, r6
        done    smlal
