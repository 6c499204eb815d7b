/* ---
operator: BBConv2D
variant: vxpopa_blocked
idea: >-
  for an instruction that counts the differing bits of two words at once, on the FPU's registers, in assembly. Three
  pixels that see the same taps by eight outputs: a load of the three pixels' words and four loads of two outputs'
  weights, 19 cycles, feed 24 words in 12 operations. The two words of a register are of two outputs, so the pixels'
  words are gathered twice each. A pixel alone takes 16 cycles for eight words. Sums start below 0 by each output's
  threshold, so that one comparison tells its bit.
registers: >-
  twelve D registers of sums, three of activations, one of weights; the core's registers hold pointers, the loop's
  bounds and the bits of three pixels
needs: [vxpopa, thumb2, fpu]
fixed_time: true
weights: bit O/8 Y X C/32 O%8 C%32
scratch_bytes: frame_bytes + 272 * out_words + 24 * kernel_h * kernel_w * in_words
--- */
#include "bnn_layer.h"
#include "pad.h"
#include "patch_vxpopa.h"

/* Two outputs: r0, r2 their widths; bits are pushed from above. */
#define PUSH(d, bits)               \
    "vmov r4, r7, " #d "\n\t"       \
    "cmp.w r4, r0\n\t"              \
    "rrx " #bits ", " #bits "\n\t"  \
    "cmp.w r7, r2\n\t"              \
    "rrx " #bits ", " #bits "\n\t"
#define PUSH_TWO(x, y, z)           \
    "ldr.w r2, [r6, #4]\n\t"        \
    "ldr.w r0, [r6], #8\n\t"        \
    PUSH(x, r8) PUSH(y, r9) PUSH(z, r10)
/* Bits of the group's channels only, polarity, store: r2 shift, r3 polarity, r4 channels. */
#define STORE(bits, out)                     \
    "ldr.w r7, [r11, #" #out "]\n\t"         \
    "lsr.w " #bits ", " #bits ", r2\n\t"     \
    "eor.w " #bits ", " #bits ", r3\n\t"     \
    "and.w " #bits ", " #bits ", r4\n\t"     \
    "str.w " #bits ", [r7], #4\n\t"          \
    "str.w r7, [r11, #" #out "]\n\t"

extern const char bbconv2d_vxpopa_top[], bbconv2d_vxpopa_one_top[];
static __attribute__((naked, noinline)) void count_three(bnn_threes *p BNN_UNUSED, const uint32_t *weights BNN_UNUSED)
{
    BNN_THREES_ROUTINE("bbconv2d_vxpopa_top", V_STEP,
                       "vldmia r6, {d0-d3}\n\tvldmia r6, {d4-d7}\n\tvldmia r6!, {d8-d11}\n\t",
                       PUSH_TWO(d0, d4, d8) PUSH_TWO(d1, d5, d9) PUSH_TWO(d2, d6, d10) PUSH_TWO(d3, d7, d11),
                       STORE(r8, 36) STORE(r9, 40) STORE(r10, 44));
}

#define PUSH_ONE(x)                 \
    "ldr.w r2, [r6, #4]\n\t"        \
    "ldr.w r0, [r6], #8\n\t"        \
    PUSH(x, r8)
static __attribute__((naked, noinline)) void count_one(bnn_threes *p BNN_UNUSED, const uint32_t *weights BNN_UNUSED)
{
    BNN_THREES_ROUTINE("bbconv2d_vxpopa_one_top", V_STEP_ONE, "vldmia r6!, {d0-d3}\n\t",
                       PUSH_ONE(d0) PUSH_ONE(d1) PUSH_ONE(d2) PUSH_ONE(d3), STORE(r8, 36));
}

/* With `synapses` in the image, u = synapses + bias - 2 count, and the bit is clear if 0 <= u < width, that is if count
 * is one of `width` numbers up to u / 2 at count 0. Of eight outputs each: starts, which let those counts end at
 * 0 .. width - 1, and these widths; at the end of 32 what makes the word of the bits, and the end of the next group's
 * numbers, 0 after the last. Returns the first end. */
static __attribute__((noinline)) uint32_t *write_table(const bnn_layer *layer, uint32_t *table, int32_t synapses)
{
    uint32_t *first = 0, *next = 0;
    for (int32_t group = 0; group < layer->out_words; group++) {
        const int32_t rest = layer->out_c - 32 * group, outputs = rest >= 32 ? 32 : (rest + 7) & ~7;
        for (int32_t i = 0; i < outputs; i++, table++) {
            const int32_t twice = synapses + layer->bias[32 * group + i];
            const uint32_t width = (layer->width[32 * group + i] + 1 - ((uint32_t)twice & 1)) >> 1;
            table[0] = width - 1 - (uint32_t)(twice >> 1);
            table[8] = width;
            if (i % 8 == 7)
                table += 8;
        }
        if (next)
            *next = (uint32_t)table;
        else
            first = table;
        next = table + 3;
        *table++ = (uint32_t)(32 - outputs);
        *table++ = layer->polarity[group];
        *table++ = rest >= 32 ? ~0u : (1u << rest) - 1;
        *table++ = 0;
    }
    return first;
}

/* The table for so many pairs of synapses less in the image. */
static __attribute__((noinline)) void shift_starts(const bnn_layer *layer, uint32_t *table, uint32_t less)
{
    for (int32_t group = 0; group < layer->out_words; group++, table += 4)
        for (int32_t o = 32 * group; o < 32 * group + 32 && o < layer->out_c; o += 8, table += 16)
            for (int32_t i = 0; i < 8; i++)
                table[i] += less;
}

void bbconv2d_vxpopa_blocked(const bnn_layer *layer)
{
    bnn_layer framed;
    layer = bnn_framed(layer, &framed);
    uint32_t *const table = layer->scratch;
    int32_t synapses = layer->kernel_h * layer->kernel_w * layer->in_c; /* that the table is for */
    bnn_stretch rows, columns;
    bnn_threes p;
    p.words = table + 68 * layer->out_words;
    p.table = table;
    p.table_end = write_table(layer, table, synapses);
    for (int32_t top = 0; top < layer->out_h; top = rows.to) {
        rows = bnn_rows_at(layer, top);
        for (int32_t left = 0; left < layer->out_w; left = columns.to) {
            columns = bnn_columns_at(layer, left);
            bnn_walk at = bnn_walk_region(layer, &rows, &columns, 4 * layer->out_words);
            const int32_t less = synapses - layer->in_c * bnn_stretch_taps(&rows) * bnn_stretch_taps(&columns);
            synapses -= less;
            if (less % 2)
                write_table(layer, table, synapses);
            else if (less)
                shift_starts(layer, table, (uint32_t)(less / 2));
            if (at.pixels >= 2)
                bnn_describe_threes(layer, &rows, &columns, 3, bbconv2d_vxpopa_top, &p);
            while (at.pixels >= 2) {
                bnn_take_three(layer, &at, &p);
                count_three(&p, (const uint32_t *)layer->weights + p.skip);
            }
            if (at.pixels > 0) {
                bnn_describe_threes(layer, &rows, &columns, 1, bbconv2d_vxpopa_one_top, &p);
                bnn_gather_twice(layer, &p, at.in);
                p.out[0] = at.out;
                count_one(&p, (const uint32_t *)layer->weights + p.skip);
            }
        }
    }
}
