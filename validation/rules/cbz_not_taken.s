        .include "rule.h"
        rule    cbz_not_taken
        iterate
        cbz     r5, 1f
        nop
1:
        done    cbz_not_taken
