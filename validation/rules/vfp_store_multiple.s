        .include "rule.h"
        .fpu    fpv4-sp-d16
        rule    vfp_store_multiple
        iterate
        vstmia  r2, {s0-s3}
        done    vfp_store_multiple
