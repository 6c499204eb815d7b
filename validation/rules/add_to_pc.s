        .include "rule.h"
        rule    add_to_pc
        iterate
        movs    r7, #0
        add     pc, r7
        nop
1:
        done    add_to_pc
