        .include "rule.h"
        .fpu    fpv4-sp-d16
        rule    vfp_core_pair
        iterate
        vmov    r1, r3, s0, s1
        done    vfp_core_pair
