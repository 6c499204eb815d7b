        .include "rule.h"
        rule    load_register_offset
        iterate
        ldrh    r3, [r2, r5]
        done    load_register_offset
