        .include "rule.h"
        .fpu    fpv4-sp-d16
        rule    vfp_load_double
        iterate
        vldr    d1, [r2]
        done    vfp_load_double
