        .include "rule.h"
        rule    push_pop
        iterate
        push    {r4-r7}
        pop     {r4-r7}
        done    push_pop
