        .include "rule.h"
        .fpu    fpv4-sp-d16
        rule    vfp_load_multiple
        iterate
        vldmia  r2, {s0-s3}
        done    vfp_load_multiple
