        .include "rule.h"
        .fpu    fpv4-sp-d16
        rule    vfp_core_register
        iterate
        vmov    r1, s0
        done    vfp_core_register
