        .include "rule.h"
        .fpu    fpv4-sp-d16
        rule    vfp_load_after_store
        iterate
        nop
        str     r3, [r2]
        vldr    s0, [r2]
        done    vfp_load_after_store
