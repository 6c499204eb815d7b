        .include "rule.h"
        rule    move_to_pc
        iterate
        adr     r7, 1f
        mov     pc, r7
        .balign 4
1:
        done    move_to_pc
