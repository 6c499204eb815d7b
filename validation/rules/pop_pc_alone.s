        .include "rule.h"
        rule    pop_pc_alone
        iterate
        bl      1f
        b       2f
        nop
1:      push    {lr}
        pop     {pc}
2:
        done    pop_pc_alone
