        .include "rule.h"
        rule    call_push_pop
        iterate
        bl      1f
        b       2f
        nop
1:      push    {r4, lr}
        pop     {r4, pc}
2:
        done    call_push_pop
