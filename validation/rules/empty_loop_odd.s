        .include "rule.h"
        rule    empty_loop_odd
        iterate odd=1
        done    empty_loop_odd
