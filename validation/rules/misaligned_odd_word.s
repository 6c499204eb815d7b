        .include "rule.h"
        rule    misaligned_odd_word
        iterate
        ldr.w   r3, [r2, #1]
        done    misaligned_odd_word
