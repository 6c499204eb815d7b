        .include "rule.h"
        rule    load_multiple_down
        iterate
        ldmdb   r4, {r5, r6, r7}
        done    load_multiple_down
