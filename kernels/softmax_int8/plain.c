/* ---
operator: Softmax_int8
variant: plain
idea: the exponential of each difference to the maximum once, kept in scratch; seven powers of e, each multiplied in
  or not by a mask
registers: the result, the difference, a product; constants from memory
needs: []
fixed_time: true
scratch_bytes: 4 * in_c
--- */
#include "softmax.h"

/* a if mask is 0, b if it is all ones */
static inline int32_t choose(int32_t mask, int32_t a, int32_t b)
{
    BNN_KEEP(mask); /* else Clang makes a branch of it for Armv6-M */
    return a ^ ((a ^ b) & mask);
}

/* e^a without integer bits; a <= 0 has five */
static int32_t exp_of_negative(int32_t a)
{
    static const int32_t powers[] = {1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242};
    const int32_t eighth = 1895147668, third = 715827883, quarter = 1 << 24;
    int32_t rest = (a & (quarter - 1)) - quarter, x = rest * 32 + (1 << 28);
    int32_t x2 = bnn_high_multiply(x, x), x3 = bnn_high_multiply(x2, x), x4 = bnn_high_multiply(x2, x2);
    int32_t inner = bnn_high_multiply(bnn_divide_by_power_of_two(x4, 2) + x3, third) + x2;
    int32_t result = eighth + bnn_high_multiply(x + bnn_divide_by_power_of_two(inner, 1), eighth);
    int32_t quarters = (rest - a) >> 24;

    for (int32_t n = 0; n < 7; n++)
        result = choose((int32_t)((uint32_t)quarters << (31 - n)) >> 31, result, bnn_high_multiply(result, powers[n]));
    return choose(a >> 31, INT32_MAX, result);
}

void softmax_int8_plain(const bnn_layer *layer)
{
    const int8_t *input = layer->input;
    int8_t *output = layer->output;
    int32_t *exponentials = layer->scratch;
    int32_t channels = layer->in_c;

    for (int32_t pixel = layer->in_h * layer->in_w; pixel > 0; pixel--, input += channels) {
        int32_t most = greatest(input, channels);
        uint32_t sum = 0;
        probability_scale scale;

        for (int32_t c = 0; c < channels; c++) {
            int32_t difference = input[c] - most, counts = ~((difference - layer->diff_min) >> 31);
            BNN_KEEP(counts);
            int32_t a = (int32_t)((uint32_t)(difference & counts) << layer->out_exponent);

            exponentials[c] = exp_of_negative(bnn_high_multiply(a, layer->out_multiplier)) & counts;
            sum += (uint32_t)bnn_divide_by_power_of_two(exponentials[c], SUM_BITS);
        }
        scale = scale_of_sum(sum);
        for (int32_t c = 0; c < channels; c++)
            *output++ = probability(scale, exponentials[c]);
    }
}
