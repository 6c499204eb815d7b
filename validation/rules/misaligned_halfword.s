        .include "rule.h"
        rule    misaligned_halfword
        iterate
        ldrh.w  r3, [r2, #1]
        done    misaligned_halfword
