/* ---
operator: Conv2D_int8
variant: xvpu
idea: >-
  for a vector unit that loads its operands: 32 inputs of a patch stay in the unit while sixteen outputs' weights stream
  past, one instruction each, nine such tiles unrolled. Sums start at the bias and the input offset's part, which the
  unit sums up; outside the image lie zero points. Patches of a column of pixels overlap in a strip that is copied once.
  Sums are requantized in core registers, two at a time, by SMMLAR, the zero point added before the last shift.
registers: patch, weights, starts and the loops' bounds; sums are in the unit
needs: [vlmaccr, dsp]
fixed_time: true
weights: int8 O/16 YXC/32 O%16- YXC%32
scratch_bytes: 128 + (((out_w - 1) * stride_w + 2 * kernel_w) * in_c + 4) * ((out_h - 1) * stride_h + kernel_h)
  + (out_c + 15) // 16 * 320
supports: in_c % 4 == 0
--- */
#include "bnn_layer.h"
#include "int8_rescale.h"
#include "vector_int8.h"

/* 16 outputs. Assembly knows the offsets. */
typedef struct {
    bnn_vector_starts starts;
    bnn_rescale outputs[BNN_TILE_OUTPUTS]; /* 64 */
} group;
_Static_assert(sizeof(group) == 256, "assembly knows the size");

/* Two sums, whose halves lie side by side, to outputs; see BNN_RESCALE. */
#define TWO_OUTPUTS(at)                        \
    "ldr.w r0, [r10, #" #at "]\n\t"            \
    "ldr.w r6, [r10, #" #at " + 32]\n\t"       \
    "pkhbt r11, r0, r6, lsl #16\n\t"           \
    "pkhtb r6, r6, r0, asr #16\n\t"            \
    "ldm.w r2!, {r0, r12, lr}\n\t"             \
    BNN_RESCALE("r11", "r0", "r12", "lr", "r12") \
    "ldm.w r2!, {r0, r12, lr}\n\t"             \
    BNN_RESCALE("r6", "r0", "r12", "lr", "r12") \
    "strb.w r6, [r3, #1]\n\t"                  \
    "strb.w r11, [r3], #2\n\t"
#define OUTPUTS                                \
    "cmp.w r7, #0\n\t"                         \
    "beq.w 3f\n\t"                             \
    "bnnsim_vstr r10, 32\n\t"                  \
    "bnnsim_vstd r10, -32\n\t"                 \
    TWO_OUTPUTS(0) TWO_OUTPUTS(4) TWO_OUTPUTS(8) TWO_OUTPUTS(12)   \
    TWO_OUTPUTS(16) TWO_OUTPUTS(20) TWO_OUTPUTS(24) TWO_OUTPUTS(28) \
    "4:\n\t"
#define SUMS                                   \
    "\n3: bnnsim_vstr r3, 32\n\t"              \
    "bnnsim_vstd r3, 32\n\t"                   \
    "add.w r2, r2, #192\n\t"                   \
    "b.w 4b\n\t"

extern const char conv2d_int8_xvpu_top[];
static const bnn_vector_code code = BNN_VECTOR_CODE(conv2d_int8_xvpu_top);

/* The outputs of a pixel, a multiple of 16; or, if job->after is 0, their sums as bnn_vector_starts. */
static __attribute__((naked, noinline)) void pixel(const bnn_vector_job *job BNN_UNUSED,
                                                   const void *weights BNN_UNUSED,
                                                   void *out BNN_UNUSED)
{
    BNN_VECTOR_ROUTINE("conv2d_int8_xvpu_top", "bnnsim_vldr r2, 32\n\tbnnsim_vldd r2, 32\n\t", "bnnsim_vlmaccr",
                       OUTPUTS, "");
    __asm__ volatile(SUMS);
}

static int32_t sum_of(const bnn_vector_starts *s, int32_t i)
{
    return (int32_t)(((uint32_t)s->high[i] << 16) | s->low[i]);
}

/* Starts and rescaling of all outputs; returns whether they fit. ones: 32 bytes of 1. */
static int32_t prepare(const bnn_layer *layer, group *g, int32_t tiles, const void *ones)
{
    const void *weights = layer->weights;
    int32_t fits = 1;
    vldc(ones, 0);
    for (int32_t first = 0; first < layer->out_c; first += BNN_TILE_OUTPUTS, g++) {
        vclrdr();
        for (int32_t n = tiles * BNN_TILE_OUTPUTS; n > 0; n--)
            weights = vlmaccr(weights, BNN_VECTOR_BYTES);
        vstd(vstr(g->starts.low, BNN_VECTOR_BYTES), 0);
        for (int32_t i = 0; i < BNN_TILE_OUTPUTS; i++) {
            const int32_t bias = first + i < layer->out_c ? layer->bias[first + i] : 0;
            bnn_vector_set_start(&g->starts, i, bias + layer->input_offset * sum_of(&g->starts, i));
            fits &= bnn_rescale_of(layer, first + i, &g->outputs[i]);
        }
    }
    return fits;
}

void conv2d_int8_xvpu(const bnn_layer *layer)
{
    const int32_t groups = bnn_vector_groups(layer);
    const uint32_t zero_points = (uint32_t)(-layer->input_offset & 0xff) * 0x01010101u;
    uint32_t *const spare = layer->scratch, *const ones = spare + 2 * BNN_TILE_WORDS;
    group *const table = (group *)(void *)(ones + BNN_TILE_WORDS);
    bnn_vector_starts *const sums = (bnn_vector_starts *)(void *)(table + groups);
    bnn_vector_frame f;

    bnn_vector_frame_of(layer, sums + groups, &f);
    for (int32_t i = 0; i < BNN_TILE_WORDS; i++)
        ones[i] = 0x01010101;
    vsetc(BNN_MODE_INT8);
    const int32_t fits = prepare(layer, table, f.tiles, ones);
    const int32_t direct = fits && layer->out_c % BNN_TILE_OUTPUTS == 0;
    bnn_vector_job job = {.groups = table, .groups_end = table + groups, .spare = spare};

    bnn_vector_enter(&job, &code, f.tiles, f.tiles);
    job.after = (uint32_t)fits; /* in place of what moves the weights on */
    bnn_vector_fill_frame(layer, &f, zero_points, 0);
    for (int32_t x = 0; x < layer->out_w; x++) {
        int8_t *out = (int8_t *)layer->output + x * layer->out_c;
        bnn_vector_make_strip(layer, &f, x);
        job.patch = f.strip;
        for (int32_t y = layer->out_h; y > 0; y--, out += layer->out_w * layer->out_c) {
            pixel(&job, layer->weights, direct ? (void *)out : (void *)sums);
            for (int32_t o = direct ? layer->out_c : 0; o < layer->out_c; o++)
                out[o] = fits ? ((const int8_t *)sums)[o]
                              : bnn_int8_output(layer, o, sum_of(sums + o / BNN_TILE_OUTPUTS, o % BNN_TILE_OUTPUTS));
            job.patch += layer->stride_h * f.run / 4;
        }
    }
    if (fits)
        bnn_clamp_output(layer);
}
