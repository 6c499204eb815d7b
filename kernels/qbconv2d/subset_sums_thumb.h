/* The kernels of subset sums for cores without DSP instructions, in Armv6-M's instructions.
 *
 * SUBSET_HALVES: entries hold eight pixels as halves of words, else four pixels. A word is a true integer, the sum of
 * its lower half and 65536 times its upper, so that plain additions serve: in the end the halves are sums, because
 * sums start where they cannot end below 0.
 */
#ifndef SUBSET_SUMS_THUMB_H
#define SUBSET_SUMS_THUMB_H
#include "bnn_layer.h"
#include "inline.h"
#include "subset_sums.h"

#define PIXELS (SUBSET_HALVES ? 8 : 4)

/* An output in a list: where its sums start, offsets (the last one at the end), what to add to a sum, its width. */
enum {
    RECORD_BYTES = 12, /* without offsets */
    TURN_LOOKUPS = 8,
    LOOKUP_BYTES = 14, /* of code */
};

/* What the outputs of a strip need; assembly knows the offsets. */
typedef struct {
    int32_t lead;         /* 0: bytes from a record's offsets to where a turn begins */
    int32_t turns_bytes;  /* 4: offsets of all turns */
    uint32_t entry;       /* 8: code address of the first look-up of the first turn */
    const uint8_t *end;   /* 12: of the bits */
} job;

#define LOOKUP(at)                            \
    "ldrh r2, [r0, #" #at "]\n\t"             \
    "add r2, r12\n\t"                         \
    "ldmia r2!, {r4-r7}\n\t"                  \
    "add r8, r4\n\t"                          \
    "add r9, r5\n\t"                          \
    "add r10, r6\n\t"                         \
    "add r11, r7\n\t"
#if SUBSET_HALVES
#define COMPARE(sums)                         \
    "mov r4, " #sums "\n\t"                   \
    "lsrs r3, r4, #16\n\t"                    \
    "uxth r4, r4\n\t"                         \
    "adds r3, r3, r6\n\t"                     \
    "adds r4, r4, r6\n\t"                     \
    "cmp r3, r7\n\t"                          \
    "adcs r5, r5\n\t"                         \
    "cmp r4, r7\n\t"                          \
    "adcs r5, r5\n\t"
#define TOP "qbconv2d_subset_sums_top"
extern const char qbconv2d_subset_sums_top[];
#define LOOKUPS_TOP qbconv2d_subset_sums_top
#else
#define COMPARE(sum)                          \
    "mov r4, " #sum "\n\t"                    \
    "cmp r4, r7\n\t"                          \
    "adcs r5, r5\n\t"
#define TOP "qbconv2d_subset_sums_words_top"
extern const char qbconv2d_subset_sums_words_top[];
#define LOOKUPS_TOP qbconv2d_subset_sums_words_top
#endif

/* bits: a byte for each output of the list, bit i of it is pixel i. */
static __attribute__((naked, noinline)) void look_up(const uint8_t *list __attribute__((unused)),
                                                     const uint8_t *tables __attribute__((unused)),
                                                     uint8_t *bits __attribute__((unused)),
                                                     const job *j __attribute__((unused)))
{
    __asm__ volatile(
        "push {r4-r7, lr}\n\t"
        "mov r4, r8\n\tmov r5, r9\n\tmov r6, r10\n\tmov r7, r11\n\t"
        "push {r4-r7}\n\t"
        "mov r12, r1\n\t"
        "mov r1, r2\n\t"
        "ldmia r3!, {r4-r7}\n\t"
        "mov lr, r4\n\t"
        "push {r5-r7}\n\t"
        "1:\n\t"
        "ldmia r0!, {r4}\n\t"
        "mov r8, r4\n\tmov r9, r4\n\tmov r10, r4\n\tmov r11, r4\n\t"
        "add r0, lr\n\t"
        "ldr r3, [sp]\n\t"
        "adds r3, r3, r0\n\t"
        "ldr r2, [sp, #4]\n\t"
        "bx r2\n\t"
        ".p2align 3\n"
        TOP ":\n\t"
        LOOKUP(0) LOOKUP(2) LOOKUP(4) LOOKUP(6) LOOKUP(8) LOOKUP(10) LOOKUP(12) LOOKUP(14)
        "adds r0, r0, #16\n\t"
        "cmp r0, r3\n\t"
        "bne " TOP "\n\t"
        "ldmia r0!, {r6, r7}\n\t"
        "movs r5, #0\n\t"
        COMPARE(r11) COMPARE(r10) COMPARE(r9) COMPARE(r8)
        "strb r5, [r1]\n\t"
        "adds r1, r1, #1\n\t"
        "ldr r2, [sp, #8]\n\t"
        "cmp r1, r2\n\t"
        "bne 1b\n\t"
        "add sp, sp, #12\n\t"
        "pop {r4-r7}\n\t"
        "mov r8, r4\n\tmov r9, r5\n\tmov r10, r6\n\tmov r11, r7\n\t"
        "pop {r4-r7, pc}");
}

/* Entries from..to plus `by`, behind to. */
static __attribute__((naked, noinline)) void extend_table(const uint32_t *from __attribute__((unused)),
                                                          uint32_t *to __attribute__((unused)),
                                                          const uint32_t *by __attribute__((unused)))
{
    __asm__ volatile(
        "push {r4-r7, lr}\n\t"
        "mov r4, r8\n\tmov r5, r9\n\tmov r6, r10\n\tmov r7, r11\n\t"
        "push {r4-r7}\n\t"
        "ldmia r2!, {r4-r7}\n\t"
        "mov r8, r4\n\tmov r9, r5\n\tmov r10, r6\n\tmov r11, r7\n\t"
        "mov r3, r1\n\t"
        ".p2align 3\n"
        "1:\n\t"
        "ldmia r0!, {r4-r7}\n\t"
        "add r4, r8\n\tadd r5, r9\n\tadd r6, r10\n\tadd r7, r11\n\t"
        "stmia r1!, {r4-r7}\n\t"
        "cmp r0, r3\n\t"
        "bne 1b\n\t"
        "pop {r4-r7}\n\t"
        "mov r8, r4\n\tmov r9, r5\n\tmov r10, r6\n\tmov r11, r7\n\t"
        "pop {r4-r7, pc}");
}

/* The tables of one image row: the entry with all signs negative, then twice as many with each tap. */
static void build_row(const subset_plan *s, uint8_t *tables, const uint8_t *in)
{
    uint32_t *table = (uint32_t *)(void *)tables;
    const int32_t step = s->step;
    for (int32_t group = 0; group < s->groups; group++) {
        const int32_t taps = taps_of(s, group);
        uint32_t twice[4 * MOST_TAPS], *end = table + 4;
        const uint8_t *pixel = in;
        for (int32_t i = 0; i < 4; i++, pixel += SUBSET_HALVES ? 2 * step : step) {
            uint32_t sum = 0, *to = twice + i;
            for (int32_t tap = 0; tap < taps; tap++, to += 4) {
                uint32_t x = pixel[tap];
                if (SUBSET_HALVES)
                    x |= (uint32_t)pixel[step + tap] << 16;
                sum -= x;
                *to = x << 1;
            }
            table[i] = sum;
        }
        in += taps;
        for (int32_t tap = 0; tap < taps; tap++, end += end - table)
            extend_table(table, end, twice + 4 * tap);
        table += ENTRY_BYTES / 4 * entries_of(taps);
    }
}

BNN_INLINE int32_t record_bytes_of(int32_t lookups)
{
    return RECORD_BYTES + 4 * ((lookups + 1) / 2);
}

/* A sum of halves starts at 255 times its negative weights. It ends between 0 and 255 times all weights. */
static void make_list(const bnn_layer *layer, const subset_plan *s)
{
    const int32_t record_words = record_bytes_of(s->lookups) / 4;
    const uint32_t weights = (uint32_t)(layer->kernel_h * s->taps);
    uint32_t *record = (uint32_t *)(void *)s->lists;
    for (int32_t o = 0; o < layer->out_c; o++, record += record_words) {
        uint32_t *behind = record + record_words - 2;
        const uint32_t negative = weights - list_lookups(layer, s, o, (uint16_t *)behind - s->lookups);
        record[0] = SUBSET_HALVES ? 255 * negative * 65537 : (uint32_t)layer->bias[o];
        behind[0] = (uint32_t)layer->bias[o] - 255 * negative; /* words do not need it */
        behind[1] = layer->width[o];
    }
}

/* Copy the list behind itself, each offset one slot on. */
static void turn_list(const bnn_layer *layer, const subset_plan *s, uint8_t *list)
{
    const int32_t record_words = record_bytes_of(s->lookups) / 4;
    const uint32_t *record = (const uint32_t *)(void *)list;
    uint32_t *turned = (uint32_t *)(void *)(list + s->list_bytes);
    for (int32_t o = 0; o < layer->out_c; o++, record += record_words, turned += record_words) {
        turned[0] = record[0];
        turned[record_words - 2] = record[record_words - 2];
        turned[record_words - 1] = record[record_words - 1];
        turn_lookups(layer, s, (const uint16_t *)(record + record_words - 2) - s->lookups,
                     (uint16_t *)(turned + record_words - 2) - s->lookups);
    }
}

/* Exchange bits of x, y: those of `mask` in y and those `shift` above in x. */
#define EXCHANGE(x, y, shift, mask)                        \
    do {                                                   \
        uint32_t t_ = ((x) >> (shift) ^ (y)) & (mask);     \
        (x) ^= t_ << (shift);                              \
        (y) ^= t_;                                         \
    } while (0)

#define EXCHANGE_IN(x, shift, mask)                       \
    do {                                                  \
        uint32_t t_ = ((x) ^ (x) >> (shift)) & (mask);    \
        (x) ^= t_ ^ t_ << (shift);                        \
    } while (0)

/* Eight bytes in two words: bit p of byte o becomes bit o of byte p. */
#define TRANSPOSE8(x, y)                                                     \
    do {                                                                     \
        EXCHANGE(x, y, 4, 0x0f0f0f0fu);                                      \
        EXCHANGE_IN(x, 14, 0x0000ccccu);                                      \
        EXCHANGE_IN(y, 14, 0x0000ccccu);    \
        EXCHANGE_IN(x, 7, 0x00aa00aau);                                      \
        EXCHANGE_IN(y, 7, 0x00aa00aau);      \
    } while (0)

BNN_INLINE int32_t bits_bytes_of(const bnn_layer *layer)
{
    return 32 * layer->out_words;
}

/* The outputs of a strip in one row. Their bits, eight outputs of all pixels at a time, become bytes of the pixels. */
static void strip_outputs(const bnn_layer *layer, const subset_plan *s, const uint8_t *list, uint8_t *out)
{
    const int32_t skip = (0 - s->lookups) & (TURN_LOOKUPS - 1), step = 4 * layer->out_words;
    const uint32_t *from = layer->scratch;
    const job j = {2 * ((s->lookups & 1) - skip), 2 * (s->lookups + skip),
                   (uint32_t)LOOKUPS_TOP + (uint32_t)(LOOKUP_BYTES * skip) + 1,
                   (const uint8_t *)layer->scratch + layer->out_c};
    look_up(list, s->tables, layer->scratch, &j);
    for (int32_t byte = 0; byte < step; byte++, from += 2) {
        const uint32_t polarity = (layer->polarity[byte >> 2] >> (8 * (byte & 3)) & 0xff) * 0x01010101u;
        uint32_t x = from[0], y = from[1];
        uint8_t *to = out++;
        TRANSPOSE8(x, y);
        x ^= polarity;
        for (int32_t i = 0; i < 4; i++, x >>= 8, to += step)
            *to = (uint8_t)x;
        if (SUBSET_HALVES) {
            y ^= polarity;
            for (int32_t i = 0; i < 4; i++, y >>= 8, to += step)
                *to = (uint8_t)y;
        }
    }
}

BNN_INLINE void subset_sums(const bnn_layer *layer)
{
    const int32_t list_bytes = layer->out_c * record_bytes_of(lookups_of(layer, MOST_TAPS));
    const subset_plan s = plan_of(layer, MOST_TAPS, PIXELS, bits_bytes_of(layer), list_bytes);
    uint8_t *bits = layer->scratch;
    for (int32_t o = layer->out_c; o < bits_bytes_of(layer); o++)
        bits[o] = 0; /* of channels that are not */
    make_list(layer, &s);
    for (int32_t slot = 1; slot < layer->kernel_h; slot++)
        turn_list(layer, &s, s.lists + (slot - 1) * list_bytes);
    run_strips(layer, &s, build_row, strip_outputs);
}
#endif
