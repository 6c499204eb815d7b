        .include "rule.h"
        rule    store_byte_register_offset
        iterate
        strb    r3, [r2, r5]
        done    store_byte_register_offset
