        .include "rule.h"
        rule    store_load_multiple
        iterate
        str     r3, [r2]
        ldm     r4!, {r5, r6, r7}
        done    store_load_multiple
