        .include "rule.h"
        rule    cbnz_taken
        iterate
        cbnz    r5, 1f
        nop
1:
        done    cbnz_taken
