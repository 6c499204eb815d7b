        .include "rule.h"
        rule    bit_fields
        iterate
        ubfx    r1, r5, #3, #4
        bfi     r1, r5, #8, #4
        clz     r1, r5
        rbit    r1, r5
        done    bit_fields
