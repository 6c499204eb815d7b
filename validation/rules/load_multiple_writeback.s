        .include "rule.h"
        rule    load_multiple_writeback
        iterate
        ldm     r2!, {r5, r6, r7}
        done    load_multiple_writeback
