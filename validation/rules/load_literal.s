        .include "rule.h"
        rule    load_literal
        iterate
        ldr     r1, 1f
        b       2f
        .balign 4
1:      .word   1
2:
        done    load_literal
