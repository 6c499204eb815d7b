/* ---
operator: Add_float32
variant: vfp_eight
idea: eight elements at a time, loaded and stored by one instruction each; the rest one by one
registers: s0 to s15 elements of the inputs, s16 a limit
needs: [fpu]
fixed_time: true
--- */
#include "vfp.h"
#include "float32_pair.h"

void add_float32_vfp_eight(const bnn_layer *layer)
{
    BNN_FLOAT_PAIR_EIGHT(layer, +,
                         BNN_VFP_ADD_FOUR(0, 1, 2, 3, 8, 9, 10, 11) BNN_VFP_ADD_FOUR(4, 5, 6, 7, 12, 13, 14, 15));
}
