        .include "rule.h"
        rule    call_return
        iterate
        bl      1f
        b       2f
        nop
1:      bx      lr
2:
        done    call_return
