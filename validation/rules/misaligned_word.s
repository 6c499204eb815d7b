        .include "rule.h"
        rule    misaligned_word
        iterate
        ldr.w   r3, [r2, #2]
        done    misaligned_word
