        .include "rule.h"
        rule    dsp
        iterate
        usada8  r1, r5, r6, r1
        uxtb16  r1, r5
        sadd8   r1, r5, r6
        sel     r1, r5, r6
        done    dsp
