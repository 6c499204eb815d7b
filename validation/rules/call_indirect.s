        .include "rule.h"
        rule    call_indirect
        iterate
        adr     r7, 1f
        adds    r7, #1
        blx     r7
        b       2f
        .balign 4
1:      bx      lr
2:
        done    call_indirect
