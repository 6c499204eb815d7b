        .include "rule.h"
        rule    load_multiple
        iterate
        ldm     r2, {r4-r7}
        done    load_multiple
