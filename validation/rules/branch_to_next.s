        .include "rule.h"
        rule    branch_to_next
        iterate
        b       1f
1:
        done    branch_to_next
