        .include "rule.h"
        rule    store_multiple
        iterate
        stm     r2!, {r5, r6}
        done    store_multiple
