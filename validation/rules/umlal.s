        .include "rule.h"
        rule    umlal
        iterate
        umlal   r1, r7, r5, r6
        done    umlal
