        .include "rule.h"
        .fpu    fpv4-sp-d16
        rule    vfp_load
        iterate
        vldr    s0, [r2]
        done    vfp_load
