        .include "rule.h"
        rule    store_register_offset
        iterate
        str     r3, [r2, r5]
        done    store_register_offset
