/* What LceBconv2d does with the distance of an output, t = synapses - sum: clamp, factor and offset in float32, then
 * float32 or int8 (halves away from zero). See sim/bnnsim/model/output_transform.py. int8 outputs usually have integer
 * lines that give the same numbers (requantize; model/integer_line.py). Kernels that include this name float
 * themselves, so that they are compiled for the FPU where there is one. */
#ifndef BNN_LCE_H
#define BNN_LCE_H
#include <stdint.h>
#include "bnn_layer.h"
#include "inline.h"
#include "int8.h"

/* Synapses of one output. */
BNN_INLINE int32_t bnn_lce_synapses(const bnn_layer *layer)
{
    return layer->kernel_h * layer->kernel_w * (layer->groups > 1 ? layer->in_c / layer->groups : layer->in_c);
}

/* ---- one output ---- */

BNN_INLINE float bnn_lce_value(const bnn_layer *layer, int32_t o, int32_t distance)
{
    return (float)bnn_clamp(distance, layer->acc_min, layer->acc_max) * layer->factor[o] + layer->offset[o];
}

/* y within int8; |y| < 2^30 */
BNN_INLINE int32_t bnn_lce_saturate(int32_t y)
{
#ifdef __thumb2__
    __asm__("ssat %0, #8, %0" : "+r"(y));
    return y;
#else
    return bnn_clamp(y, -128, 127);
#endif
}

/* 2 y without its fraction, at most 15 bits and a sign (more for y beyond int8, without FPU); no NaN. */
BNN_INLINE int32_t bnn_lce_halves(float y)
{
    union {
        float value;
        int32_t bits;
    } u = {y};
#ifdef __ARM_FP
    __asm__("vcvt.s16.f32 %0, %0, #1" : "+t"(u.value));
    return u.bits;
#else
    /* |2 y| is the mantissa of 24 bits, shifted to the right by 149 - exponent: 25 gives 0, 14 more than int8 holds */
    int32_t shift = bnn_clamp(149 - (u.bits >> 23 & 255), 14, 25), sign = u.bits >> 31;
    return (((u.bits & 0x7fffff) | 0x800000) >> shift ^ sign) - sign;
#endif
}

BNN_INLINE int32_t bnn_lce_int8(float y)
{
    int32_t halves = bnn_lce_halves(y);

    return bnn_lce_saturate((halves + 1 + (halves >> 31)) >> 1);
}

/* By an output's line, {multiplier, offset, shift}: (multiplier * t >> 16) + offset, shifted, clamped; t < 2^15. The
 * product is made of two of 16 by 16 bits, in fixed time on every core. */
BNN_INLINE int32_t bnn_lce_on_line(const int32_t *line, uint32_t t)
{
    int32_t product = (line[0] >> 16) * (int32_t)t + (int32_t)(((uint32_t)line[0] & 0xffffu) * t >> 16);

    return bnn_lce_saturate((product + line[1]) >> line[2]);
}

/* Write output o of the pixel at out. */
BNN_INLINE void bnn_lce_store(const bnn_layer *layer, int32_t o, int32_t distance, void *out)
{
    if (layer->out_bytes == 4) {
        ((float *)out)[o] = bnn_lce_value(layer, o, distance);
    } else if (layer->requantize) {
        distance = bnn_clamp(distance, layer->acc_min, layer->acc_max);
        ((int8_t *)out)[o] = (int8_t)bnn_lce_on_line(layer->requantize + 3 * o, (uint32_t)distance);
    } else {
        ((int8_t *)out)[o] = (int8_t)bnn_lce_int8(bnn_lce_value(layer, o, distance));
    }
}

/* ---- two pixels: the distance of the first in the lower half of a word, the second's in the upper one ---- */

#ifdef __ARM_FP
typedef struct {
    const float *factor, *offset;
    int32_t fours, ones, zero;
} bnn_lce_run;

/* r0 distances, r1 and r2 outputs, r3 factors, r8 offsets, r9 fours left; VCVT takes the lower halves. Eight
 * instructions of a kind stand together, so that none waits for a result. */
#define BNN_LCE_EIGHT(op) op(0, 8, 12) op(1, 9, 13) op(2, 10, 14) op(3, 11, 15) op(4, 8, 12) op(5, 9, 13) \
                          op(6, 10, 14) op(7, 11, 15)
#define BNN_LCE_CONVERT(y, f, o) "vcvt.f32.u16 s" #y ", s" #y ", #0\n\t"
#define BNN_LCE_MULTIPLY(y, f, o) "vmul.f32 s" #y ", s" #y ", s" #f "\n\t"
#define BNN_LCE_ADD(y, f, o) "vadd.f32 s" #y ", s" #y ", s" #o "\n\t"
#define BNN_LCE_HALVES(y, f, o) "vcvt.s16.f32 s" #y ", s" #y ", #1\n\t"
#define BNN_LCE_BEGIN                                             \
    "push.w {r4-r11, lr}\n\t"                                     \
    "ldm.w r3, {r3, r8-r11}\n\t"                                  \
    ".p2align 3\n"                                                \
    "1:\n\t"                                                      \
    "ldm.w r0!, {r4-r7}\n\t"                                      \
    "vmov s0, s1, r4, r5\n\t"                                     \
    "vmov s2, s3, r6, r7\n\t"                                     \
    "lsr.w r4, r4, #16\n\tlsr.w r5, r5, #16\n\t"                  \
    "lsr.w r6, r6, #16\n\tlsr.w r7, r7, #16\n\t"                  \
    "vmov s4, s5, r4, r5\n\t"                                     \
    "vmov s6, s7, r6, r7\n\t"                                     \
    "vldmia r3!, {s8-s11}\n\t"                                    \
    "vldmia r8!, {s12-s15}\n\t"                                   \
    BNN_LCE_EIGHT(BNN_LCE_CONVERT) BNN_LCE_EIGHT(BNN_LCE_MULTIPLY) BNN_LCE_EIGHT(BNN_LCE_ADD)
#define BNN_LCE_END             \
    "subs.w r9, r9, #1\n\t"     \
    "bne.w 1b\n\t"              \
    "pop.w {r4-r11, pc}"

static __attribute__((naked, noinline, unused)) void bnn_lce_floats(const uint32_t *pairs __attribute__((unused)),
                                                                    void *out0 __attribute__((unused)),
                                                                    void *out1 __attribute__((unused)),
                                                                    const bnn_lce_run *r __attribute__((unused)))
{
    __asm__ volatile(BNN_LCE_BEGIN
                     "vstmia r1!, {s0-s3}\n\t"
                     "vstmia r2!, {s4-s7}\n\t" BNN_LCE_END);
}

/* Four results of a pixel, r4 to r7 its halves: SADD16 sets flags where they are not negative, SEL makes these 1,
 * SHADD16 adds and halves. */
#define BNN_LCE_ROUND(x)                \
    "sadd16 lr, " #x ", " #x "\n\t"     \
    "sel lr, r10, r11\n\t"              \
    "shadd16 " #x ", " #x ", lr\n\t"    \
    "ssat16 " #x ", #8, " #x "\n\t"     \
    "uxtb16 " #x ", " #x "\n\t"
#define BNN_LCE_FOUR_BYTES(out)               \
    "pkhbt r4, r4, r6, lsl #16\n\t"           \
    "pkhbt r5, r5, r7, lsl #16\n\t"           \
    BNN_LCE_ROUND(r4) BNN_LCE_ROUND(r5)       \
    "orr.w r4, r4, r5, lsl #8\n\t"            \
    "str.w r4, [" #out "], #4\n\t"

static __attribute__((naked, noinline, unused)) void bnn_lce_bytes(const uint32_t *pairs __attribute__((unused)),
                                                                   void *out0 __attribute__((unused)),
                                                                   void *out1 __attribute__((unused)),
                                                                   const bnn_lce_run *r __attribute__((unused)))
{
    __asm__ volatile(BNN_LCE_BEGIN BNN_LCE_EIGHT(BNN_LCE_HALVES)
                     "vmov r4, r5, s0, s1\n\tvmov r6, r7, s2, s3\n\t" BNN_LCE_FOUR_BYTES(r1)
                     "vmov r4, r5, s4, s5\n\tvmov r6, r7, s6, s7\n\t" BNN_LCE_FOUR_BYTES(r2) BNN_LCE_END);
}
#endif

#ifdef __ARM_FEATURE_DSP
/* Two outputs of two pixels, to bytes at and at + 1: SMLAWB and SMLAWT multiply by either half of a pair. */
#define BNN_LCE_TWO_LINES(at, next)                                                                     \
    "ldm.w r0!, {r4, r5}\n\tldm.w r3!, {r6-r11}\n\t"                                                   \
    "smlawb r12, r6, r4, r7\n\tsmlawt r4, r6, r4, r7\n\tsmlawb lr, r9, r5, r10\n\tsmlawt r5, r9, r5, r10\n\t" \
    "asr.w r12, r12, r8\n\tasr.w r4, r4, r8\n\tasr.w lr, lr, r11\n\tasr.w r5, r5, r11\n\t"              \
    "ssat r12, #8, r12\n\tssat r4, #8, r4\n\tssat lr, #8, lr\n\tssat r5, #8, r5\n\t"                    \
    "strb.w r12, [r1, #" #at "]\n\tstrb.w lr, [r1, #" #next "]\n\t"                                    \
    "strb.w r4, [r2, #" #at "]\n\tstrb.w r5, [r2, #" #next "]\n\t"

/* Fours of outputs of two pixels, up to `end` of the pairs. */
static __attribute__((naked, noinline, unused)) void bnn_lce_lines(const uint32_t *pairs __attribute__((unused)),
                                                                   void *out0 __attribute__((unused)),
                                                                   void *out1 __attribute__((unused)),
                                                                   const int32_t *lines __attribute__((unused)),
                                                                   const uint32_t *end __attribute__((unused)))
{
    __asm__ volatile(
        "push.w {r4-r11, lr}\n\t"
        ".p2align 3\n"
        "1:\n\t" BNN_LCE_TWO_LINES(0, 1)
        "add.w r1, r1, #4\n\t"
        "add.w r2, r2, #4\n\t" BNN_LCE_TWO_LINES(-2, -1)
        "ldr.w lr, [sp, #36]\n\t"
        "cmp.w r0, lr\n\t"
        "bne.w 1b\n\t"
        "pop.w {r4-r11, pc}");
}
#endif

/* Apply the fused activation to n pairs. */
BNN_NOINLINE void bnn_lce_clamp_pairs(const bnn_layer *layer, uint32_t *pairs, int32_t n)
{
    const int32_t low = layer->acc_min, high = layer->acc_max;

    for (; n > 0; n--, pairs++)
        *pairs = (uint32_t)bnn_clamp((int32_t)(*pairs & 0xffffu), low, high)
                 | (uint32_t)bnn_clamp((int32_t)(*pairs >> 16), low, high) << 16;
}

/* n int8 outputs of two pixels, by their lines. */
BNN_INLINE void bnn_lce_store_lines(const uint32_t *pairs, int8_t *out0, int8_t *out1, const int32_t *lines, int32_t n)
{
#ifdef __ARM_FEATURE_DSP
    const int32_t fours = n & ~3;
    if (fours)
        bnn_lce_lines(pairs, out0, out1, lines, pairs + fours);
    pairs += fours;
    out0 += fours;
    out1 += fours;
    lines += 3 * fours;
    n -= fours;
#endif
    for (; n > 0; n--, pairs++, lines += 3) {
        *out0++ = (int8_t)bnn_lce_on_line(lines, *pairs & 0xffffu);
        *out1++ = (int8_t)bnn_lce_on_line(lines, *pairs >> 16);
    }
}

/* Write outputs first .. first + n - 1 of two pixels at out0 and out1, or of the first one alone if out1 is 0. first
 * is a multiple of four. Distances are below 65536; the words of `pairs` change. */
BNN_NOINLINE void bnn_lce_store_pairs(const bnn_layer *layer, uint32_t *pairs, int32_t first, int32_t n, void *out0,
                                      void *out1)
{
    int32_t done = 0;
    if (out1 && layer->acc_max - layer->acc_min != 2 * bnn_lce_synapses(layer))
        bnn_lce_clamp_pairs(layer, pairs, n);
    if (out1 && layer->out_bytes == 1 && layer->requantize) {
        bnn_lce_store_lines(pairs, (int8_t *)out0 + first, (int8_t *)out1 + first, layer->requantize + 3 * first, n);
        return;
    }
#ifdef __ARM_FP
    if (out1 && n >= 4) {
        const bnn_lce_run run = {layer->factor + first, layer->offset + first, n / 4, 0x00010001, 0};
        const int32_t at = first * layer->out_bytes;
        (layer->out_bytes == 4 ? bnn_lce_floats : bnn_lce_bytes)(pairs, (char *)out0 + at, (char *)out1 + at, &run);
        done = n & ~3;
    }
#endif
    for (; done < n; done++) {
        bnn_lce_store(layer, first + done, (int32_t)(pairs[done] & 0xffffu), out0);
        if (out1)
            bnn_lce_store(layer, first + done, (int32_t)(pairs[done] >> 16), out1);
    }
}
#endif
