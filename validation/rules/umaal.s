        .include "rule.h"
        rule    umaal
        iterate
        umaal   r1, r7, r5, r6
        done    umaal
