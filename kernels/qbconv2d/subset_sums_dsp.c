/* ---
operator: QBConv2D
variant: subset_sums_dsp
idea: >-
  tables of signed sums. The taps of a kernel row form groups of at most six; for each group of an image row a table has
  the sums of all sign patterns, for eight neighbouring output pixels at once, as halves of four words. An output is
  one look-up per group: which entry is known from its weights, so time does not depend on the data. A look-up is
  four loads, the load of the next offset and four UADD16, 10 cycles for up to 48 multiply-accumulates. The tables of an
  image row serve all outputs and all kernel rows that meet it; they lie in a ring of kernel_h slots, with a
  list of offsets for each rotation of it. Sums are modulo 65536, which thresholds allow; USUB16 compares two pixels and
  SEL takes their bits.
registers: >-
  four words of sums, four addresses (one per word of an entry), four loaded words, offset, pointer to the list: all
  fourteen; the bits so far come from the stack
needs: [dsp, thumb2]
fixed_time: true
weights: bit OYXC
scratch_bytes: 32 * out_words + 7 * stride_w * in_c + kernel_w * in_c
  + kernel_h * 16 * 8 * (1 + (kernel_w * in_c // ((kernel_w * in_c + 5) // 6) >= 4))
  * (1 + (kernel_w * in_c // ((kernel_w * in_c + 5) // 6) >= 5))
  * (1 + (kernel_w * in_c // ((kernel_w * in_c + 5) // 6) >= 6))
  * ((kernel_w * in_c + 5) // 6 + (kernel_w * in_c // ((kernel_w * in_c + 5) // 6) >= 3)
  * (kernel_w * in_c % ((kernel_w * in_c + 5) // 6)))
  + kernel_h * (16 + (out_c + 4 * out_words + 1) * (16 + 4 * ((kernel_h * ((kernel_w * in_c + 5) // 6) + 1) // 2)))
supports: kernel_h * kernel_w * in_c <= 256 and kernel_h * ((kernel_w * in_c + 5) // 6) <= 48
--- */
#include "bnn_layer.h"
#include "inline.h"
#include "subset_sums.h"

enum {
    MOST_TAPS = 6,    /* of a group */
    PIXELS = 8,       /* of a strip */
    MOST_LOOKUPS = 48,
    LOOKUP_BYTES = 36 /* of code */
};

/* A record of a list: one output, or what stores a byte of outputs, or the end. Heads tell two records' facts, so that
 * one base address serves: `width` and `entry` are of the record before. The offsets follow; they end where the next
 * head begins. */
typedef struct {
    uint32_t bias;   /* in both halves; of a byte: its polarity, four times */
    uint32_t width;  /* in both halves */
    uint32_t offset; /* the first one */
    uint32_t entry;  /* code address */
} head;

/* Where a list's bytes go. Assembly knows the offsets. */
typedef struct {
    uint8_t *out;         /* 0: of the first pixel */
    int32_t step;         /* 4: bytes from pixel to pixel */
    int32_t record_bytes; /* 8: from head to head */
} job;

#define LOOKUP                                  \
    "ldr.w r9, [r1, lr]\n\t"                    \
    "ldr.w r10, [r2, lr]\n\t"                   \
    "ldr.w r11, [r3, lr]\n\t"                   \
    "ldr.w r12, [r4, lr]\n\t"                   \
    "ldrh.w lr, [r0, #at]\n\t"                  \
    ".set at, at + 2\n\t"                       \
    "uadd16 r5, r5, r9\n\t"                     \
    "uadd16 r6, r6, r10\n\t"                    \
    "uadd16 r7, r7, r11\n\t"                    \
    "uadd16 r8, r8, r12\n\t"
/* Two pixels' sums to bits 0 and 16. */
#define COMPARE(sums)                           \
    "usub16 " #sums ", " #sums ", r9\n\t"       \
    "sel " #sums ", r3, r4\n\t"

#define STORE_PIXEL(bits) "strb.w " #bits ", [r2]\n\tadd.w r2, r2, r12\n\t"

extern const char qbconv2d_lookups[], qbconv2d_store[], qbconv2d_end[];

/* The outputs of a list for eight pixels. Sums are modulo 65536. Those of one output reach from -255 n to 255 p, where
 * n of its weights are negative and p positive. Its thresholds are t_lo >= -255 n - 1 and t_hi <= 255 p + 1, so its
 * sum plus bias lies between width - 65536 and 65535 if 255 (n + p) < 65535, and bits stay right. p: 96 bytes before
 * the first head. Bits of pixels 0, 2, 1, 3 are bytes of r10, those of pixels 4, 6, 5, 7 of r11. */
static __attribute__((naked, noinline)) void outputs(const uint8_t *p __attribute__((unused)),
                                                     const void *tables __attribute__((unused)),
                                                     const job *j __attribute__((unused)))
{
    __asm__ volatile(
        "push.w {r4-r11, lr}\n\t"
        "ldm.w r2, {r3-r5}\n\t"
        "sub.w sp, sp, #20\n\t"
        "str.w r5, [sp, #8]\n\t"
        "str.w r3, [sp, #12]\n\t"
        "str.w r4, [sp, #16]\n\t"
        "b.w 2f\n\t"
        ".p2align 3\n"
        "qbconv2d_lookups:\n\t"
        ".set at, 2\n\t"
        ".rept 48\n\t" LOOKUP ".endr\n\t"
        "ldr.w r9, [r0, #100]\n\t"
        "ldr.w r2, [r0, #96]\n\t"
        "ldr.w lr, [r0, #104]\n\t"
        "ldr.w r10, [sp]\n\t"
        "ldr.w r11, [sp, #4]\n\t"
        "ldr.w r12, [sp, #8]\n\t"
        "mov.w r3, #0x00010001\n\t"
        "mov.w r4, #0\n\t"
        COMPARE(r5) COMPARE(r6) COMPARE(r7) COMPARE(r8)
        "orr.w r10, r5, r10, lsl #1\n\t"
        "orr.w r10, r10, r6, lsl #8\n\t"
        "orr.w r11, r7, r11, lsl #1\n\t"
        "orr.w r11, r11, r8, lsl #8\n"
        "1:\n\t"
        "str.w r10, [sp]\n\t"
        "str.w r11, [sp, #4]\n\t"
        "mov.w r5, r2\n\t"
        "mov.w r6, r2\n\t"
        "mov.w r7, r2\n\t"
        "mov.w r8, r2\n\t"
        "add.w r0, r0, r12\n\t"
        "add.w r2, r1, #4\n\t"
        "add.w r3, r1, #8\n\t"
        "add.w r4, r1, #12\n\t"
        "ldr.w pc, [r0, #108]\n\t"
        ".p2align 2\n"
        "qbconv2d_store:\n\t"
        "ldr.w r2, [sp, #12]\n\t"
        "ldr.w r12, [sp, #16]\n\t"
        "eor.w r10, r10, r5\n\t"
        "eor.w r11, r11, r5\n\t"
        "add.w r3, r2, #1\n\t"
        "str.w r3, [sp, #12]\n\t"
        "lsr.w r4, r10, #16\n\t"
        "lsr.w r5, r10, #8\n\t"
        "lsr.w r6, r10, #24\n\t"
        "lsr.w r7, r11, #16\n\t"
        "lsr.w r8, r11, #8\n\t"
        "lsr.w r9, r11, #24\n\t"
        STORE_PIXEL(r10) STORE_PIXEL(r4) STORE_PIXEL(r5) STORE_PIXEL(r6)
        STORE_PIXEL(r11) STORE_PIXEL(r7) STORE_PIXEL(r8)
        "strb.w r9, [r2]\n"
        "2:\n\t"
        "ldr.w r12, [sp, #8]\n\t"
        "ldr.w r2, [r0, #96]\n\t"
        "ldr.w lr, [r0, #104]\n\t"
        "mov.w r10, #0\n\t"
        "mov.w r11, #0\n\t"
        "b.w 1b\n\t"
        ".p2align 2\n"
        "qbconv2d_end:\n\t"
        "add.w sp, sp, #20\n\t"
        "pop.w {r4-r11, pc}");
}

#define ENTRIES(op, row)                                                                    \
    op(r7, row, 0) op(r8, row, 1) op(r9, row, 2) op(r10, row, 3) op(r11, row, 4) op(r4, row, 5) \
    op(r5, row, 6) op(r6, row, 7)
#define STORE_ENTRY(e, row, i) "str.w " #e ", [r0, #128 * " #row " + 16 * " #i "]\n\t"
#define STORE(row) ENTRIES(STORE_ENTRY, row)
#define ADD_TO(e, d, i) "uadd16 " #e ", " #e ", " #d "\n\t"
#define TAKE_FROM(e, d, i) "usub16 " #e ", " #e ", " #d "\n\t"
#define ADD(d) ENTRIES(ADD_TO, d)
#define TAKE(d) ENTRIES(TAKE_FROM, d)
#define FROM(n, text) ".if taps >= " #n "\n\t" text ".endif\n\t"
#define LOAD_TAP(a, b, i) "ldrb.w " #a ", [r1, #" #i "]\n\tldrb.w " #b ", [lr, #" #i "]\n\t"
#define JOIN(x, a, b) "orr.w " #x ", " #a ", " #b ", lsl #16\n\t"
#define NONE(x) "mov.w " #x ", #0\n\t"
#define COUNT(x) "usub16 r7, r7, " #x "\n\t"
#define DOUBLE(x) "lsl.w " #x ", " #x ", #1\n\t"

/* A group's table, word by word of its entries. r4 to r6, r3, r12, lr: the taps of two pixels; r7: the sum with all
 * signs negative. Then entries stay in r7 to r11 and r4 to r6, eight patterns of the first three taps, while the
 * others change their signs one at a time. in: the first pixel's taps; step: bytes to the second one's. */
#define DEFINE_BUILD(count)                                                                        \
    static __attribute__((naked, noinline)) void build_##count(                                    \
        void *table __attribute__((unused)), const uint8_t *in __attribute__((unused)),            \
        int32_t step __attribute__((unused)))                                                      \
    {                                                                                              \
        __asm__ volatile(                                                                          \
            ".set taps, " #count "\n\t"                                                            \
            "push.w {r4-r11, lr}\n\t"                                                              \
            "add.w r3, r0, #16\n\t"                                                                \
            "sub.w sp, sp, #4\n\t"                                                                 \
            "str.w r3, [sp]\n\t"                                                                   \
            ".p2align 3\n"                                                                         \
            "1:\n\t"                                                                               \
            "add.w lr, r1, r2\n\t"                                                                 \
            LOAD_TAP(r4, r5, 0) FROM(2, LOAD_TAP(r6, r7, 1)) FROM(3, LOAD_TAP(r8, r9, 2))          \
            JOIN(r4, r4, r5) NONE(r5)                                                              \
            FROM(2, JOIN(r5, r6, r7)) NONE(r6)                                                     \
            FROM(3, JOIN(r6, r8, r9))                                                              \
            FROM(4, LOAD_TAP(r7, r8, 3)) FROM(5, LOAD_TAP(r9, r10, 4)) FROM(6, LOAD_TAP(r11, r12, 5)) \
            FROM(4, JOIN(r3, r7, r8)) FROM(6, JOIN(lr, r11, r12)) FROM(5, JOIN(r12, r9, r10))      \
            NONE(r7)                                                                               \
            COUNT(r4) FROM(2, COUNT(r5)) FROM(3, COUNT(r6))                                        \
            FROM(4, COUNT(r3)) FROM(5, COUNT(r12)) FROM(6, COUNT(lr))                              \
            DOUBLE(r4) FROM(2, DOUBLE(r5)) FROM(3, DOUBLE(r6))                                     \
            FROM(4, DOUBLE(r3)) FROM(5, DOUBLE(r12)) FROM(6, DOUBLE(lr))                           \
            "uadd16 r8, r7, r4\n\t"                                                                \
            "uadd16 r9, r7, r5\n\t"                                                                \
            "uadd16 r10, r8, r5\n\t"                                                               \
            "uadd16 r11, r7, r6\n\t"                                                               \
            "uadd16 r4, r8, r6\n\t"                                                                \
            "uadd16 r5, r9, r6\n\t"                                                                \
            "uadd16 r6, r10, r6\n\t"                                                               \
            STORE(0)                                                                               \
            FROM(4, ADD(r3) STORE(1))                                                              \
            FROM(5, ADD(r12) STORE(3) TAKE(r3) STORE(2))                                           \
            FROM(6, ADD(lr) STORE(6) ADD(r3) STORE(7) TAKE(r12) STORE(5) TAKE(r3) STORE(4))        \
            "ldr.w r3, [sp]\n\t"                                                                   \
            "add.w r0, r0, #4\n\t"                                                                 \
            "add.w r1, r1, r2, lsl #1\n\t"                                                         \
            "cmp.w r0, r3\n\t"                                                                     \
            "bne.w 1b\n\t"                                                                         \
            "add.w sp, sp, #4\n\t"                                                                 \
            "pop.w {r4-r11, pc}");                                                                 \
    }
DEFINE_BUILD(1)
DEFINE_BUILD(2)
DEFINE_BUILD(3)
DEFINE_BUILD(4)
DEFINE_BUILD(5)
DEFINE_BUILD(6)

/* The tables of one image row for a strip of pixels. */
BNN_NOINLINE void build_row(const subset_plan *s, uint8_t *tables, const uint8_t *in)
{
    static void (*const build[])(void *, const uint8_t *, int32_t) = {0,       build_1, build_2, build_3,
                                                                      build_4, build_5, build_6};
    for (int32_t group = 0; group < s->groups; group++) {
        const int32_t taps = taps_of(s, group);
        build[taps](tables, in, s->step);
        in += taps;
        tables += ENTRY_BYTES * entries_of(taps);
    }
}

BNN_INLINE uint32_t both(uint32_t x)
{
    return (x & 0xffff) * 65537;
}

/* The list that starts in slot 0: for each byte of outputs their records, the last output first, and one that stores
 * it, and the end. */
BNN_NOINLINE void make_list(const bnn_layer *layer, const subset_plan *s, int32_t record_bytes, uint8_t *to)
{
    const uint32_t first = (uint32_t)qbconv2d_lookups + (uint32_t)((MOST_LOOKUPS - s->lookups) * LOOKUP_BYTES) + 1;
    uint32_t entry = 0, width = 0;
    for (int32_t byte = 0; byte < 4 * layer->out_words; byte++) {
        const int32_t top = 8 * byte, end = layer->out_c < top + 8 ? layer->out_c : top + 8;
        for (int32_t o = end - 1; o >= top; o--, to += record_bytes) {
            uint16_t *offsets = (uint16_t *)(void *)(to + record_bytes) - s->lookups;
            (void)list_lookups(layer, s, o, offsets);
            *(head *)(void *)to = (head){both((uint32_t)layer->bias[o]), width, offsets[0], entry};
            width = both(layer->width[o]);
            entry = first;
        }
        const uint32_t polarity = layer->polarity[byte >> 2] >> (8 * (byte & 3)) & 0xff;
        *(head *)(void *)to = (head){polarity * 0x01010101u, width, 0, entry};
        entry = (uint32_t)qbconv2d_store + 1;
        to += record_bytes;
    }
    *(head *)(void *)to = (head){0, 0, 0, entry};
    to += record_bytes;
    *(head *)(void *)to = (head){0, 0, 0, (uint32_t)qbconv2d_end + 1};
}

/* Copy a list behind itself, each offset one slot on. */
BNN_NOINLINE void turn_list(const bnn_layer *layer, const subset_plan *s, int32_t record_bytes, uint8_t *list)
{
    const int32_t first = record_bytes / 2 - s->lookups;
    for (int32_t at = 0; at < s->list_bytes; at += record_bytes) {
        const head *h = (const head *)(void *)(list + at);
        head *turned = (head *)(void *)(list + s->list_bytes + at);
        *turned = *h;
        if (at + record_bytes > s->list_bytes)
            return;
        turn_lookups(layer, s, (const uint16_t *)h + first, (uint16_t *)turned + first);
        turned->offset = ((uint16_t *)turned)[first];
    }
}

BNN_INLINE int32_t record_bytes_of(int32_t lookups)
{
    return (int32_t)sizeof(head) + 4 * ((lookups + 1) / 2);
}

static void strip_outputs(const bnn_layer *layer, const subset_plan *s, const uint8_t *list, uint8_t *out)
{
    const job j = {out, 4 * layer->out_words, record_bytes_of(s->lookups)};
    outputs(list - 2 * MOST_LOOKUPS, s->tables, &j);
}

void qbconv2d_subset_sums_dsp(const bnn_layer *layer)
{
    const int32_t record_bytes = record_bytes_of(lookups_of(layer, MOST_TAPS));
    const int32_t records = layer->out_c + 4 * layer->out_words + 1;
    const subset_plan s = plan_of(layer, MOST_TAPS, PIXELS, 0, records * record_bytes + (int32_t)sizeof(head));
    make_list(layer, &s, record_bytes, s.lists);
    for (int32_t slot = 1; slot < layer->kernel_h; slot++)
        turn_list(layer, &s, record_bytes, s.lists + (slot - 1) * s.list_bytes);
    run_strips(layer, &s, build_row, strip_outputs);
}
