        .include "rule.h"
        .fpu    fpv4-sp-d16
        rule    vfp_store
        iterate
        vstr    s0, [r2]
        done    vfp_store
