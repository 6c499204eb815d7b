        .include "rule.h"
        rule    hint
        iterate
        nop
        sev
        done    hint
