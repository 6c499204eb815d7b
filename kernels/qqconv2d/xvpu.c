/* ---
operator: QQConv2D
variant: xvpu
idea: >-
  for a vector unit that loads its operands: 32 inputs of a patch stay in the unit while sixteen outputs' weights stream
  past, one instruction each, nine such tiles unrolled. Inputs are taken minus 128, outside the image too; the sums'
  starts make up for it and hold the thresholds, so that the signs of sixteen saturated sums are the bits. Outputs with
  thresholds on both sides are compared in core registers. Patches of a column of pixels overlap in a strip that is
  copied once; weights are packed into scratch at the start of every call.
registers: patch, weights, starts, output and the loops' bounds; sums are in the unit
needs: [vlmaccr, dsp]
fixed_time: true
weights: int8 O Y X C
scratch_bytes: 128 + 4 * ((((out_w - 1) * stride_w + kernel_w) * in_c + 3) // 4 + (kernel_w * in_c + 3) // 4 + 1)
  * ((out_h - 1) * stride_h + kernel_h)
  + (out_c + 15) // 16 * (72 + 512 * ((kernel_h * ((kernel_w * in_c + 3) // 4) + 7) // 8))
--- */
#include "bnn_layer.h"
#include "vector_int8.h"

/* 16 outputs: bit = (sum < 0) ^ flip, or if two-sided ((uint32_t)sum >= width) ^ flip. Assembly knows the offsets. */
typedef struct {
    bnn_vector_starts starts;
    uint32_t flip;         /* lower half; and BNN_TWO_SIDED */
    const uint32_t *width;
} group;
_Static_assert(sizeof(group) == 72, "assembly knows the size");

#define BITS                                   \
    "ldr.w r11, [r2]\n\t"                      \
    "cmp.w r11, #0\n\t"                        \
    "blt.w 3f\n\t"                             \
    "bnnsim_vlsat r7, 0\n\t"                   \
    "bnnsim_vdepth1\n\t"                       \
    "bnnsim_vgetr r12, 0\n"                    \
    "4: add.w r2, r2, #8\n\t"                  \
    "eor.w r12, r12, r11\n\t"                  \
    "strh.w r12, [r3], #2\n\t"

/* Two outputs, whose sums' halves lie side by side: bits are pushed from the top. */
#define COMPARE(at, widths)                    \
    "ldr.w r0, [r10, #" #at "]\n\t"            \
    "ldr.w r6, [r10, #" #at " + 32]\n\t"       \
    "pkhbt r11, r0, r6, lsl #16\n\t"           \
    "pkhtb r6, r6, r0, asr #16\n\t"            \
    "ldr.w r0, [lr, #" #widths "]\n\t"         \
    "cmp.w r11, r0\n\t"                        \
    "rrx r12, r12\n\t"                         \
    "ldr.w r0, [lr, #" #widths " + 4]\n\t"     \
    "cmp.w r6, r0\n\t"                         \
    "rrx r12, r12\n\t"
#define TWO_SIDED                              \
    "\n3: bnnsim_vstr r10, 32\n\t"             \
    "bnnsim_vstd r10, -32\n\t"                 \
    "ldr.w lr, [r2, #4]\n\t"                   \
    COMPARE(0, 0) COMPARE(4, 8) COMPARE(8, 16) COMPARE(12, 24)      \
    COMPARE(16, 32) COMPARE(20, 40) COMPARE(24, 48) COMPARE(28, 56) \
    "lsr.w r12, r12, #16\n\t"                  \
    "ldr.w r11, [r2]\n\t"                      \
    "b.w 4b\n\t"

extern const char qqconv2d_xvpu_top[];
static const bnn_vector_code code = BNN_VECTOR_CODE(qqconv2d_xvpu_top);

/* The packed outputs of a pixel. */
static __attribute__((naked, noinline)) void pixel(const bnn_vector_job *job BNN_UNUSED,
                                                   const void *weights BNN_UNUSED,
                                                   void *out BNN_UNUSED)
{
    BNN_VECTOR_ROUTINE("qqconv2d_xvpu_top", "bnnsim_vldr r2, 32\n\tbnnsim_vldd r2, 32\n\t", "bnnsim_vlmaccr", BITS, "");
    __asm__ volatile(TWO_SIDED);
}

/* Pack the weights of an output, one byte of 32 at a time; to: of its first tile. Returns their sum, and adds the
 * negative ones to *negative. */
static int32_t pack_output(const bnn_layer *layer, const int8_t *from, int8_t *to, int32_t run, int32_t *negative)
{
    const int32_t taps = layer->kernel_w * layer->in_c;
    int32_t sum = 0, below = 0;
    for (int32_t y = 0, at = 0; y < layer->kernel_h; y++, at += run)
        for (int32_t i = at; i < at + taps; i++) {
            const int32_t w = *from++;
            to[i / BNN_VECTOR_BYTES * BNN_TILE_BYTES + i % BNN_VECTOR_BYTES] = (int8_t)w;
            sum += w;
            below += w & (w >> 31);
        }
    *negative = below;
    return sum;
}

/* Weights and starts of all outputs. A side that inputs of 0 to 255 never reach needs no comparison. */
static void pack(const bnn_layer *layer, const bnn_vector_frame *f, int8_t *to, group *g)
{
    const int8_t *from = layer->weights;
    const int32_t taps = layer->kernel_h * layer->kernel_w * layer->in_c;
    const uint16_t *polarity = (const uint16_t *)(const void *)layer->polarity;
    for (int32_t first = 0; first < layer->out_c; first += BNN_TILE_OUTPUTS, g++, to += f->tiles * BNN_TILE_BYTES) {
        int32_t sums[BNN_TILE_OUTPUTS];
        uint32_t upper_only = 0, both = 0;
        const int32_t *bias = layer->bias + first;
        g->width = layer->width + first;
        for (int32_t i = 0; i < BNN_TILE_OUTPUTS; i++) {
            int32_t negative;
            if (first + i >= layer->out_c) {
                bnn_vector_set_start(&g->starts, i, 0);
                sums[i] = 0;
                continue;
            }
            sums[i] = pack_output(layer, from, to + (BNN_TILE_OUTPUTS - 1 - i) * BNN_VECTOR_BYTES, f->run, &negative);
            from += taps;
            const uint32_t lower = bias[i] < -255 * negative;
            const uint32_t upper = (int32_t)g->width[i] - bias[i] <= 255 * (sums[i] - negative);
            both |= lower & upper;
            upper_only |= (upper & ~lower & 1) << i;
        }
        for (int32_t i = 0; i < BNN_TILE_OUTPUTS && first + i < layer->out_c; i++) {
            const int32_t above = !both && (upper_only >> i & 1);
            bnn_vector_set_start(&g->starts, i, bias[i] + 128 * sums[i] - (above ? (int32_t)g->width[i] : 0));
        }
        g->flip = *polarity++ ^ (both ? BNN_TWO_SIDED : upper_only);
    }
}

void qqconv2d_xvpu(const bnn_layer *layer)
{
    const int32_t groups = bnn_vector_groups(layer), odd_groups = groups & 1;
    uint32_t *const vectors = layer->scratch;
    group *const table = (group *)(void *)(vectors + 3 * BNN_TILE_WORDS);
    uint32_t *const weights = (uint32_t *)(void *)(table + groups);
    bnn_vector_frame f;

    bnn_vector_frame_of(layer, layer->scratch, &f); /* for the tiles */
    const int32_t weight_words = groups * f.tiles * (BNN_TILE_BYTES / 4);
    bnn_vector_frame_of(layer, weights + weight_words, &f);
    bnn_vector_job job = {.groups = table, .groups_end = table + groups, .spare = vectors + BNN_TILE_WORDS};

    bnn_vector_enter(&job, &code, f.tiles, f.tiles);
    job.after = (uint32_t)vectors; /* zeros, in place of what moves the weights on */
    vsetc(BNN_MODE_INT8);
    vclrdr();
    vstr(vectors, 0);
    const void *at = weights;
    for (int32_t n = weight_words; n > 0; n -= BNN_TILE_WORDS)
        at = vstr(at, BNN_VECTOR_BYTES);
    pack(layer, &f, (int8_t *)weights, table);
    bnn_vector_fill_frame(layer, &f, 0x80808080u, 0x80808080u);
    for (int32_t x = 0; x < layer->out_w; x++) {
        uint32_t *out = (uint32_t *)layer->output + x * layer->out_words;
        bnn_vector_make_strip(layer, &f, x);
        job.patch = f.strip;
        for (int32_t y = layer->out_h; y > 0; y--, out += layer->out_w * layer->out_words) {
            pixel(&job, weights, out);
            if (odd_groups)
                ((uint16_t *)(void *)(out + layer->out_words))[-1] = 0;
            job.patch += layer->stride_h * f.run / 4;
        }
    }
}
