        .include "rule.h"
        rule    load_multiple_one
        iterate
        ldm     r2!, {r5}
        done    load_multiple_one
