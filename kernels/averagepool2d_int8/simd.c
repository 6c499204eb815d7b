/* ---
operator: AveragePool2D_int8
variant: simd
idea: SXTAB16 adds two channels to 16-bit lanes, sixteen channels per pass over the window, then four (the last four
  overlap those before them); SMLAWB and SMLAWT multiply each lane by the reciprocal
registers: eight sums, two words, a count, two strides, the pointer; the rest on the stack
needs: [dsp]
fixed_time: true
supports: in_c >= 4 and kernel_h * kernel_w <= 256
--- */
#include "average.h"
#include "dsp.h"

enum { FRACTION_BITS = 12 };

/* 2^28 / count, a little too large: sums * it >> 16 have 12 fraction bits. Exact halves go away from zero, since a
 * product of a positive sum reaches them and one of a negative sum is rounded down from below them; else the errors,
 * together less than 2, are smaller than 2^12 / 2 / 256, the next fraction's distance from a half. */
static int32_t lane_reciprocal_of(int32_t count)
{
    return (1 << 28) / count + 1;
}

/* ((lower or upper lane of sums) * reciprocal >> 16) + half, in units */
static inline uint32_t lower_average(uint32_t sums, int32_t reciprocal)
{
    int32_t r;
    __asm__("smlawb %0, %1, %2, %3" : "=r"(r) : "r"(reciprocal), "r"(sums), "r"(1 << (FRACTION_BITS - 1)));
    return (uint32_t)(r >> FRACTION_BITS);
}

static inline uint32_t upper_average(uint32_t sums, int32_t reciprocal)
{
    int32_t r;
    __asm__("smlawt %0, %1, %2, %3" : "=r"(r) : "r"(reciprocal), "r"(sums), "r"(1 << (FRACTION_BITS - 1)));
    return (uint32_t)(r >> FRACTION_BITS);
}

static inline uint32_t insert(uint32_t word, uint32_t byte, const uint32_t at)
{
    __asm__("bfi %0, %1, %2, #8" : "+r"(word) : "r"(byte), "I"(at));
    return word;
}

/* even: sums of bytes 0 and 2, odd: of bytes 1 and 3 */
static inline void store_averages(int8_t *output, uint32_t even, uint32_t odd, int32_t reciprocal)
{
    uint32_t word = lower_average(even, reciprocal);

    word = insert(word, lower_average(odd, reciprocal), 8);
    word = insert(word, upper_average(even, reciprocal), 16);
    word = insert(word, upper_average(odd, reciprocal), 24);
    bnn_store_lanes(output, word);
}

#define ADD(even, odd, word) \
    "sxtab16 " #even ", " #even ", " #word "\n\tsxtab16 " #odd ", " #odd ", " #word ", ror #8\n\t"
#define STORE(even, odd)                                                                                  \
    "smlawb r2, r0, " #even ", r3\n\tsmlawb r12, r0, " #odd ", r3\n\t"                                    \
    "smlawt " #even ", r0, " #even ", r3\n\tsmlawt " #odd ", r0, " #odd ", r3\n\t"                        \
    "asr.w r2, r2, #12\n\tasr.w r12, r12, #12\n\tasr.w " #even ", " #even ", #12\n\t"                   \
    "asr.w " #odd ", " #odd ", #12\n\tbfi r2, r12, #8, #8\n\tbfi r2, " #even ", #16, #8\n\t"             \
    "bfi r2, " #odd ", #24, #8\n\tstr.w r2, [r1], #4\n\t"

/* Sixteen channels. Assembly, because eight sums leave no register for a compiler to work with: r4 .. r11 sums of even
 * and odd bytes, r1 the pixel, r12 and lr steps, r3 the columns left; on the stack the window's end, its columns, in
 * and output. It knows the offsets of `pixels`. */
__attribute__((naked)) BNN_NOINLINE void average_sixteen(__attribute__((unused)) const pixels *in,
                                                         __attribute__((unused)) const int8_t *from,
                                                         __attribute__((unused)) int8_t *output)
{
    __asm__ volatile(
        "push {r0, r2, r4-r11, lr}\n\t"
        "ldr.w r2, [r0, #28]\n\t"
        "ldr.w r3, [r0, #8]\n\t"
        "ldr.w r12, [r0, #12]\n\t"
        "ldr.w lr, [r0, #16]\n\t"
        "add r2, r1\n\t"
        "push {r2, r3}\n\t"
        "mov.w r4, #0\n\t"
        "mov.w r5, #0\n\t"
        "mov.w r6, #0\n\t"
        "mov.w r7, #0\n\t"
        "mov.w r8, #0\n\t"
        "mov.w r9, #0\n\t"
        "mov.w r10, #0\n\t"
        "mov.w r11, #0\n\t"
        ".balign 8\n"
        "2:\n\t"
        "ldr.w r3, [sp, #4]\n\t"
        "nop.w\n"
        "1:\n\t"
        "ldr.w r0, [r1]\n\t"
        "ldr.w r2, [r1, #4]\n\t"
        ADD(r4, r5, r0)
        ADD(r6, r7, r2)
        "ldr.w r0, [r1, #8]\n\t"
        "ldr.w r2, [r1, #12]\n\t"
        "add.w r1, r1, r12\n\t"
        ADD(r8, r9, r0)
        ADD(r10, r11, r2)
        "subs.w r3, r3, #1\n\t"
        "bgt.w 1b\n\t"
        "ldr.w r0, [sp]\n\t"
        "add.w r1, r1, lr\n\t"
        "cmp.w r1, r0\n\t"
        "bcc.w 2b\n\t"
        "ldr.w r0, [sp, #8]\n\t"
        "ldr.w r1, [sp, #12]\n\t"
        "ldr.w r0, [r0, #24]\n\t"
        "mov.w r3, #2048\n\t"
        STORE(r4, r5)
        STORE(r6, r7)
        STORE(r8, r9)
        STORE(r10, r11)
        "add sp, #16\n\t"
        "pop {r4-r11, pc}\n\t");
}

BNN_NOINLINE void average_four(const pixels *in, const int8_t *from, int8_t *output)
{
    uint32_t even = 0, odd = 0;
    int32_t rows = in->rows, step = in->channels;

    do {
        int32_t columns = in->columns;

        do {
            uint32_t word = bnn_load_lanes(from);

            even = bnn_sxtab16(even, word);
            odd = bnn_sxtab16_ror8(odd, word);
            from += step;
        } while (--columns > 0);
        from += in->skip_bytes;
    } while (--rows > 0);
    store_averages(output, even, odd, in->reciprocal);
}

static void average_channels(const pixels *in, int8_t *output)
{
    int32_t c = 0, channels = in->channels;

    for (; c <= channels - 16; c += 16)
        average_sixteen(in, in->first + c, output + c);
    for (; c <= channels - 4; c += 4)
        average_four(in, in->first + c, output + c);
    if (c < channels)
        average_four(in, in->first + channels - 4, output + channels - 4);
}

void averagepool2d_int8_simd(const bnn_layer *layer)
{
    average_pool(layer, average_channels, lane_reciprocal_of);
}
