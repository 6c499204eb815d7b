/* QBConv2D by dot products of lanes narrower than a byte: inputs in digits, a pass for each, the highest first.
 *
 * As many words of a window as a byte has digits are turned into as many words of one digit each. Between passes sums
 * move to the left by a digit. Two neighbouring pixels by four outputs, by the routine of lane_pairs.h.
 */
#ifndef DIGIT_PAIRS_H
#define DIGIT_PAIRS_H
#include "bnn_layer.h"
#include "byte_strips.h"
#include "lane_pairs.h"
#include "tap_bits.h"

/* What the routine finds at job->more; the assembly knows the offsets. */
typedef struct {
    uint32_t window_bytes;  /*  0: of two pixels, all passes */
    uint32_t pass_bytes;    /*  4: of a pass */
    uint32_t weight_bytes;  /*  8: of four outputs, read again in every pass */
    uint32_t bias_distance; /* 12: bytes from four outputs' widths to their biases */
} digit_passes;

#define DIGIT_SHIFT(sum, bits) "lsl.w " #sum ", " #sum ", #" #bits "\n\t"
#define DIGIT_BIAS(sum0, sum1, bias) \
    "add.w " #sum0 ", " #sum0 ", " #bias "\n\tadd.w " #sum1 ", " #sum1 ", " #bias "\n\t"
/* At the end of a pass: the next one, or biases. r0: the pass's end. */
#define DIGIT_PASS(bits)                                                                        \
    "ldr.w r3, [sp, #68]\n\t"                                                                   \
    "ldr.w lr, [sp, #16]\n\t"                                                                   \
    "ldr.w r12, [r3]\n\t"                                                                       \
    "ldr.w r2, [r3, #4]\n\t"                                                                    \
    "add.w r12, r12, lr\n\t"                                                                    \
    "cmp.w r0, r12\n\t"                                                                         \
    "beq.w 4f\n\t"                                                                              \
    "add.w r2, r2, r0\n\t"                                                                      \
    "ldr.w r12, [r3, #8]\n\t"                                                                   \
    "ldr.w lr, [sp, #20]\n\t"                                                                   \
    "str.w r2, [sp, #12]\n\t"                                                                   \
    "sub.w r1, r1, r12\n\t"                                                                     \
    DIGIT_SHIFT(r4, bits) DIGIT_SHIFT(r5, bits) DIGIT_SHIFT(r6, bits) DIGIT_SHIFT(r7, bits)     \
    DIGIT_SHIFT(r8, bits) DIGIT_SHIFT(r9, bits) DIGIT_SHIFT(r10, bits) DIGIT_SHIFT(r11, bits)   \
    "bx.n lr\n\t"                                                                               \
    ".p2align 2\n"                                                                              \
    "4: add.w r2, r2, lr\n\t"                                                                   \
    "ldr.w lr, [sp, #8]\n\t"                                                                    \
    "ldr.w r12, [r3, #12]\n\t"                                                                  \
    "str.w r2, [sp, #12]\n\t"                                                                   \
    "add.w lr, lr, r12\n\t"                                                                     \
    "ldm.w lr, {r0, r2, r3, r12}\n\t"                                                           \
    DIGIT_BIAS(r4, r5, r0) DIGIT_BIAS(r6, r7, r2) DIGIT_BIAS(r8, r9, r3) DIGIT_BIAS(r10, r11, r12)

/* Words of one digit in a window, all of its kernel rows on fresh words. digits: of a byte, 2 or 4. */
BNN_INLINE int32_t digit_words(const bnn_layer *layer, int32_t digits)
{
    return (layer->kernel_h * bnn_run_words(layer) + digits - 1) / digits;
}

/* A window's digits, the highest first, `words` words of each, every second word from `to` on. */
BNN_INLINE void take_digits(const uint32_t *in, int32_t in_words, int32_t words, uint32_t *to, int32_t digits)
{
    for (int32_t n = 0; n < words; n++, in += digits, to += 2, in_words -= digits) {
        uint32_t x[4] = {in[0], 0, 0, 0};

        for (int32_t i = 1; i < digits; i++)
            x[i] = i < in_words ? in[i] : 0;
        if (digits == 2) {
            EXCHANGE(x[0], x[1], 4, 0x0f0f0f0fu);
        } else {
            EXCHANGE(x[0], x[2], 4, 0x0f0f0f0fu);
            EXCHANGE(x[1], x[3], 4, 0x0f0f0f0fu);
            EXCHANGE(x[0], x[1], 2, 0x33333333u);
            EXCHANGE(x[2], x[3], 2, 0x33333333u);
        }
        for (int32_t i = 0; i < digits; i++)
            to[2 * i * words] = x[digits - 1 - i];
    }
}

typedef struct {
    uint32_t *to;
    int32_t words, digits;
} digit_weights;

/* +1 and -1 in the lanes of word i of a window; lanes without a tap stay 0. */
static inline void put_lanes(void *context, int32_t output, int32_t i, uint32_t taps, uint32_t signs)
{
    const digit_weights *const w = context;
    const int32_t bits = 8 / w->digits, word = i / w->digits;
    const uint32_t lanes = taps | (taps ^ signs) * ((1u << bits) - 1);

    w->to[4 * ((output >> 2) * w->words + word) + (output & 3)] |= lanes << (bits * (i - word * w->digits));
}

/* A whole layer. weights: bit OYXC. Scratch, with words = digit_words(layer, digits): 32 + 64 * ((out_c + 3) // 4)
 * bytes, 16 * ((out_c + 3) // 4) * words, (out_w + 1) // 2 * 8 * digits * words, the strips of single columns, the
 * line. */
BNN_INLINE void digit_layer(const bnn_layer *layer, void (*run)(bnn_lane_job *job), const char *top, int32_t digits)
{
    const int32_t fours = (layer->out_c + 3) / 4, table_words = 4 + 8 * fours, words = digit_words(layer, digits);
    const int32_t row_words = bnn_run_words(layer), window_words = layer->kernel_h * row_words;
    uint32_t *const table = layer->scratch, *const weights = table + 2 * table_words;
    uint32_t *const windows = weights + 4 * fours * words;
    const uint32_t pass_bytes = 8 * (uint32_t)words, window_bytes = (uint32_t)digits * pass_bytes;
    bnn_strips s =
        bnn_start_strips(layer, windows + (layer->out_w + 1) / 2 * 2 * digits * words, 1, row_words, 0);
    digit_passes passes = {window_bytes, pass_bytes, 16 * (uint32_t)words, 4 * (uint32_t)(table_words - 4)};
    bnn_lane_job job = {.strip_bytes = window_bytes, .more = &passes};
    digit_weights w = {weights, words, digits};
    uint32_t *out = layer->output;

    bnn_lane_thresholds(layer, table);
    bnn_copy_bytes((uint8_t *)(table + table_words), (const uint8_t *)table, 4 * table_words);
    for (int32_t g = 0; g <= fours; g++) /* sums start at 0 */
        for (int32_t i = 0; i < 4; i++)
            table[8 * g + i] = 0;
    bnn_fill_bytes((uint8_t *)weights, 0, 16 * fours * words);
    for_each_word(layer, &w, put_lanes);
    job.entry = (uint32_t)top + (0u - (uint32_t)words) % BNN_LANE_STEPS * BNN_LANE_STEP_BYTES + 1;
    job.after = 0;
    for (int32_t y = 0; y < layer->out_h; y++, out += layer->out_w * layer->out_words) {
        const int32_t row = y * layer->stride_h - layer->pad_top;
        const uint32_t *window = bnn_windows(layer, &s, row, row + layer->kernel_h, 1, 1);

        for (int32_t x = 0; x < layer->out_w; x++, window += s.strip_words)
            take_digits(window, window_words, words, windows + (x >> 1) * 2 * digits * words + (x & 1), digits);
        for (int32_t word = 0; word < layer->out_words; word++) {
            job.weights = weights + 32 * word * words;
            job.first = table + 4 + 64 * word;
            bnn_lane_row(layer, run, &job, word, windows, pass_bytes, out + word);
        }
    }
}
#endif
