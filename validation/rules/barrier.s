        .include "rule.h"
        rule    barrier
        iterate
        dmb
        done    barrier
