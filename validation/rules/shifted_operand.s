        .include "rule.h"
        rule    shifted_operand
        iterate
        add.w   r1, r1, r5, lsl #3
        eor.w   r1, r1, r6, ror #7
        done    shifted_operand
