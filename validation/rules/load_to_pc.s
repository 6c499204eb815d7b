        .include "rule.h"
        rule    load_to_pc
        iterate
        ldr.w   pc, 2f
2:      .word   1f+1
1:
        done    load_to_pc
