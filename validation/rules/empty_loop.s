        .include "rule.h"
        rule    empty_loop
        iterate
        done    empty_loop
