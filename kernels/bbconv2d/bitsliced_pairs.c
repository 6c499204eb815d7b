/* ---
operator: BBConv2D
variant: bitsliced_pairs
idea: >-
  bit-sliced counters whose 32 lanes are output channels, fed from tables as in bitsliced_tables, with fewer planes
  to add. A weight word's channels form groups of 7, 7, 6, 6, 6; a table gives, for every pattern of a group's
  activation bits, only the twos and fours of the count of a ^ w. The ones are a ^ w's parities, so the ones
  of all five groups together depend on the parities of the five patterns alone: one more table of 32 entries, whose
  index is found once per input word. That is 13 planes for 32 channels. Two weight words (of any taps) are looked up
  in one go, so that counters are loaded, rippled and stored half as often: 236 cycles for 64 x 32 binary
  multiply-accumulates. Out-of-image taps are never visited; where only one word of a pair lies in the image, it is
  looked up alone.
registers: >-
  input, counter and table pointers, an activation word, four counter planes, two table addresses, two operands and
  two pending carries: all fourteen; two more carries, end and step wait on the stack
needs: [thumb2]
fixed_time: true
weights: bit O/32 X Y C/32 C%32 O%32
scratch_bytes: >-
  frame_bytes + 8192 + 256 + max(in_h * in_w * in_words, frame_bytes // 4)
  + min(512, out_h * out_w) * 4 * (11 + 5 * (kernel_h * kernel_w * in_c > 1022))
supports: kernel_h * kernel_w * in_c <= 32766
--- */
#include "bitsliced.h"
#include "bnn_layer.h"
#include "pad.h"
#include "primitives.h"
#include "region.h"

enum {
    TILE_PIXELS = 512,
    FEW_PLANES = 10, /* counter planes that hold up to 1022 synapses */
    MANY_PLANES = 15,
    HALF_BYTES = 4096, /* the table pointer moves by this, since a load's offset is less */
    TABLE_WORDS = 2048,
};

/* Where the tables are, in bytes. The first half has those of parities (entries of 16 bytes: ones, twos, fours,
 * nothing) and four groups of the first word (entries of 8 bytes: twos, fours), the second half all others. */
#define PARITY_A 0
#define PARITY_B 512
#define A0 1024
#define A1 2048
#define A2 3072
#define A3 3584
#define A4 0
#define B0 512
#define B1 1536
#define B2 2560
#define B3 3072
#define B4 3584

/* ---- tables ---- */

#define LOAD(r, base, at) "ldr.w " #r ", [" #base ", #" #at "]\n\t"
#define STORE(r, base, at) "str.w " #r ", [" #base ", #" #at "]\n\t"

/* Planes of one entry: l2 the twos of the low channels; r11, r12, lr see below; through r10. `and`: bic if odd. */
#define ENTRY(pattern, l2, and_r12)                                  \
    "eor.w r10, " #l2 ", r11\n\t"                                    \
    STORE(r10, r0, 8 * pattern)                                      \
    and_r12(l2)                                                      \
    "orr.w r10, r10, lr\n\t"                                         \
    STORE(r10, r0, 8 * pattern + 4)
#define MIRRORED_ENTRY(pattern, l2, and_r12)                         \
    "eor.w r10, " #l2 ", r11\n\t"                                    \
    STORE(r10, r0, 8 * pattern)                                      \
    "mvn.w r10, r10\n\t"                                             \
    STORE(r10, r2, 8 * (7 - pattern))                                \
    and_r12(l2)                                                      \
    "orr.w r10, r10, lr\n\t"                                         \
    STORE(r10, r0, 8 * pattern + 4)                                  \
    "mvn.w r10, r10\n\t"                                             \
    STORE(r10, r2, 8 * (7 - pattern) + 4)
#define EVEN(l2) "and.w r10, " #l2 ", r12\n\t"
#define ODD(l2) "bic.w r10, r12, " #l2 "\n\t"

/* Eight entries per row. The three low channels of a group take every pattern: their ones are r3 in even patterns,
 * ~r3 in odd ones, their twos r4 to r7 or the complement. The others count r8 + 2 * r9 (+ 4 * r10). */
#define HIGH_EVEN(more)              \
    "and.w r11, r3, r8\n\t"          \
    "and.w lr, r11, r9\n\t"          \
    "orr.w r12, r11, r9\n\t"         \
    more                             \
    "eor.w r11, r11, r9\n\t"
#define HIGH_ODD(more)               \
    "bic.w r11, r8, r3\n\t"          \
    "and.w lr, r11, r9\n\t"          \
    "orr.w r12, r11, r9\n\t"         \
    more                             \
    "eor.w r11, r11, r9\n\t"         \
    "mvn.w r11, r11\n\t"
#define ENTRIES_EVEN(entry) entry(0, r4, EVEN) entry(3, r5, EVEN) entry(5, r6, EVEN) entry(6, r7, EVEN)
#define ENTRIES_ODD(entry) entry(7, r4, ODD) entry(4, r5, ODD) entry(2, r6, ODD) entry(1, r7, ODD)
#define ADD_FOURS "orr.w lr, lr, r10\n\t"

/* What a table is written from. */
typedef struct {
    uint32_t ones, twos[4];
} low_channels;

/* end: of the rows, which are ones, twos, nothing */
static __attribute__((naked, noinline)) void write_six(uint32_t *t __attribute__((unused)),
                                                       const uint32_t *rows __attribute__((unused)),
                                                       const uint32_t *end __attribute__((unused)),
                                                       const low_channels *low __attribute__((unused)))
{
    __asm__ volatile(
        "push.w {r4-r11, lr}\n\t"
        "ldm.w r3, {r3-r7}\n\t"
        ".p2align 3\n"
        "1:\n\t"
        "ldm.w r1!, {r8-r10}\n\t"
        HIGH_EVEN("") ENTRIES_EVEN(ENTRY)
        HIGH_ODD("") ENTRIES_ODD(ENTRY)
        "add.w r0, r0, #64\n\t"
        "cmp.w r1, r2\n\t"
        "bne.w 1b\n\t"
        "pop.w {r4-r11, pc}");
}

/* With seven channels the complement of a pattern counts 7 - n, which complements both planes. last: the eight
 * entries at the end of the table; there are eight rows of ones, twos and fours. */
static __attribute__((naked, noinline)) void write_seven(uint32_t *t __attribute__((unused)),
                                                         const uint32_t *rows __attribute__((unused)),
                                                         uint32_t *last __attribute__((unused)),
                                                         const low_channels *low __attribute__((unused)))
{
    __asm__ volatile(
        "push.w {r4-r11, lr}\n\t"
        "ldm.w r3, {r3-r7}\n\t"
        ".p2align 3\n"
        "1:\n\t"
        "ldm.w r1, {r8-r10}\n\t"
        HIGH_EVEN(ADD_FOURS) ENTRIES_EVEN(MIRRORED_ENTRY)
        "ldm.w r1!, {r8-r10}\n\t"
        HIGH_ODD(ADD_FOURS) ENTRIES_ODD(MIRRORED_ENTRY)
        "add.w r0, r0, #64\n\t"
        "sub.w r2, r2, #64\n\t"
        "sub.w r10, r2, r0\n\t"
        "adds.w r10, r10, #64\n\t" /* they meet */
        "bne.w 1b\n\t"
        "pop.w {r4-r11, pc}");
}

BNN_NOINLINE void build_group(uint32_t *t, const uint32_t *w, int32_t channels)
{
    low_channels low;
    uint32_t rows[24];
    const uint32_t w0 = w[0], w1 = w[1], w2 = w[2], w3 = w[3], w4 = w[4], w5 = w[5];
    low.ones = w0 ^ w1 ^ w2;
    low.twos[0] = bnn_majority(w0, w1, w2);
    low.twos[1] = bnn_majority(~w0, ~w1, w2);
    low.twos[2] = bnn_majority(~w0, w1, ~w2);
    low.twos[3] = bnn_majority(w0, ~w1, ~w2);
    const uint32_t s = w3 ^ w4 ^ w5, w6 = channels == 7 ? w[6] : 0;
    const uint32_t m0 = bnn_majority(w3, w4, w5), m3 = bnn_majority(~w3, ~w4, w5), m5 = bnn_majority(~w3, w4, ~w5),
                   m6 = bnn_majority(w3, ~w4, ~w5);
    const uint32_t even = s ^ w6, odd = ~even, even_carry = s & w6, odd_carry = w6 & ~s;
#define ROW(i, ones, two, carry)       \
    rows[3 * (i)] = ones;              \
    rows[3 * (i) + 1] = (two) ^ (carry); \
    rows[3 * (i) + 2] = (two) & (carry)
    ROW(0, even, m0, even_carry);
    ROW(3, even, m3, even_carry);
    ROW(5, even, m5, even_carry);
    ROW(6, even, m6, even_carry);
    ROW(7, odd, ~m0, odd_carry);
    ROW(4, odd, ~m3, odd_carry);
    ROW(2, odd, ~m5, odd_carry);
    ROW(1, odd, ~m6, odd_carry);
    if (channels == 7)
        write_seven(t, rows, t + 2 * 120, &low);
    else
        write_six(t, rows, rows + 24, &low);
}

/* Counts of five words, flipped by the bits of the index: ones, twos, fours. */
BNN_NOINLINE void build_parities(uint32_t *t, const uint32_t *p)
{
    const uint32_t p0 = p[0], p1 = p[1], p2 = p[2];
    const uint32_t ones = p0 ^ p1 ^ p2, m0 = bnn_majority(p0, p1, p2), m3 = bnn_majority(~p0, ~p1, p2),
                   m5 = bnn_majority(~p0, p1, ~p2), m6 = bnn_majority(p0, ~p1, ~p2);
    for (uint32_t high = 0; high < 4; high++, t += 32) {
        const uint32_t p3 = p[3] ^ bnn_broadcast_bit(high, 0), p4 = p[4] ^ bnn_broadcast_bit(high, 1);
        const uint32_t h1 = p3 ^ p4, h2 = p3 & p4; /* not both */
        const uint32_t even_carry = ones & h1, odd_carry = h1 & ~ones;
        uint32_t any = even_carry | h2, sum = ones ^ h1;
#define PARITY_ENTRY(i, two)               \
    t[4 * (i)] = sum;                      \
    t[4 * (i) + 1] = (two) ^ any;          \
    t[4 * (i) + 2] = (two) & any
        PARITY_ENTRY(0, m0);
        PARITY_ENTRY(3, m3);
        PARITY_ENTRY(5, m5);
        PARITY_ENTRY(6, m6);
        any = odd_carry | h2;
        sum = ~sum;
        PARITY_ENTRY(7, ~m0);
        PARITY_ENTRY(4, ~m3);
        PARITY_ENTRY(2, ~m5);
        PARITY_ENTRY(1, ~m6);
    }
}

/* The tables of one weight word; second: those of the pair's second word. */
BNN_NOINLINE void build_tables(uint32_t *tables, const uint32_t *w, int32_t second)
{
    static const uint16_t at[2][6] = {
        {PARITY_A, A0, A1, A2, A3, HALF_BYTES + A4},
        {PARITY_B, HALF_BYTES + B0, HALF_BYTES + B1, HALF_BYTES + B2, HALF_BYTES + B3, HALF_BYTES + B4},
    };
    uint32_t parities[5];
    for (int32_t g = 0; g < 5; g++) {
        const int32_t channels = g < 2 ? 7 : 6;
        parities[g] = w[0] ^ w[1] ^ w[2] ^ w[3] ^ w[4] ^ w[5] ^ (channels == 7 ? w[6] : 0);
        build_group(tables + at[second][g + 1] / 4, w, channels);
        w += channels;
    }
    build_parities(tables + at[second][0] / 4, parities);
}

/* The index of each input word into its table of parities. */
static void find_parities(const uint32_t *in, uint8_t *to, int32_t words)
{
    while (words--) {
        uint32_t x = *in++;
        x ^= x << 1;
        x ^= x << 2;
        x ^= x << 4;
        x ^= x << 8;
        x ^= x << 16; /* bit i: parity of bits 0 .. i */
        x = (x >> 6 & 1) | (x >> 12 & 2) | (x >> 17 & 4) | (x >> 22 & 8) | (x >> 27 & 16);
        *to++ = (uint8_t)((x ^ x << 1) & 31);
    }
}

/* ---- counting ---- */

/* Assembly knows the offsets. */
typedef struct {
    const uint32_t *input; /* the (first) word of the first pixel of a run */
    uint32_t *counters;    /* that pixel's, plane 0 first */
    uint32_t input_step;   /* bytes from one pixel to the next */
    uint32_t *end;         /* counters behind the run */
    uint32_t apart;        /* bytes from the first word of a pair to the second */
    uint32_t parities;     /* address of the word at address 0: an address shifted right by two is added */
} run;

#define FULL_ADD(s, x, y) SUM(s, x, y) CARRY(s, x)
#define SUM(s, x, y)                   \
    "eor.w " #s ", " #s ", " #x "\n\t" \
    "eor.w " #x ", " #x ", " #y "\n\t" \
    "orr.w " #x ", " #x ", " #s "\n\t" \
    "eor.w " #s ", " #s ", " #y "\n\t"
#define CARRY(s, x) "eor.w " #x ", " #x ", " #s "\n\t" /* apart, to stand between a store and a load */
/* Two full adders, of pairs (x, y) and (u, v). Their carries c and d end as c in y and c ^ d in x, from which a third
 * one saves an operation. The trick is from Demenkov, Kojevnikov, Kulikov, Yaroslavtsev: New upper bounds on the
 * Boolean circuit complexity of symmetric functions, 2010. */
#define ADD_TWO_PAIRS(s, x, y, u, v)       \
    "eor.w " #y ", " #y ", " #x "\n\t"     \
    "eor.w " #x ", " #x ", " #s "\n\t"     \
    "orr.w " #x ", " #x ", " #y "\n\t"     \
    "eor.w " #s ", " #s ", " #y "\n\t"     \
    "eor.w " #y ", " #s ", " #x "\n\t"     \
    "eor.w " #v ", " #v ", " #u "\n\t"     \
    "eor.w " #u ", " #u ", " #s "\n\t"     \
    "bic.w " #u ", " #u ", " #v "\n\t"     \
    "eor.w " #s ", " #s ", " #v "\n\t"     \
    "eor.w " #x ", " #x ", " #u "\n\t"
/* (carry, s) = s + c + d; the carry replaces c. */
#define ADD_CARRIES(s, c, c_xor_d)                   \
    "eor.w " #c ", " #c ", " #s "\n\t"               \
    "orr.w " #c ", " #c ", " #c_xor_d "\n\t"         \
    "eor.w " #s ", " #s ", " #c_xor_d "\n\t"         \
    "eor.w " #c ", " #c ", " #s "\n\t"
#define HALF_ADD(carry, s, x)              \
    "and.w " #carry ", " #s ", " #x "\n\t" \
    "eor.w " #s ", " #s ", " #x "\n\t"
#define INDEX(p, first, bits) "ubfx " #p ", r3, #" #first ", #" #bits "\n\t"
#define ADDRESS(p) "add.w " #p ", r2, " #p ", lsl #3\n\t"
#define PARITY_ADDRESS(p) "add.w " #p ", r2, " #p ", lsl #4\n\t"
#define TO_SECOND_HALF "add.w r2, r2, #4096\n\t"
#define TO_FIRST_HALF "sub.w r2, r2, #4096\n\t"

#define BEGIN_RUN                \
    "push.w {r4-r11, lr}\n\t"    \
    "ldm.w r0, {r3-r8}\n\t"      \
    "mov.w r2, r1\n\t"           \
    "mov.w r0, r3\n\t"           \
    "mov.w r1, r4\n\t"           \
    "push.w {r5-r8}\n\t"         \
    "sub.w sp, sp, #8\n\t"       \
    ".p2align 3\n"               \
    "1:\n\t"
/* 0, 4: two carries */
#define STEP 8
#define END 12
#define APART 16
#define PARITIES 20
#define END_RUN(pitch)                       \
    "add.w r0, r0, r8\n\t"                   \
    "add.w r1, r1, #" #pitch "\n\t"          \
    "cmp.w r1, r9\n\t"                       \
    "bne.w 1b\n\t"                           \
    "add.w sp, sp, #24\n\t"                  \
    "pop.w {r4-r11, pc}"

/* For each pixel of a run add the counts of two activation words to its planes 1 .. 10 (or 15).
 * Every instruction is 32 bits wide at a multiple of four, where loads and stores cost least. */
#define COUNT_PAIR(pitch, top)                                                                             \
    __asm__ volatile(                                                                                      \
        BEGIN_RUN                                                                                          \
        LOAD(r3, r0, 0) LOAD(r11, sp, 16) LOAD(r12, sp, 20)                                                \
        LOAD(r4, r1, 4) LOAD(r5, r1, 8) LOAD(r6, r1, 12) LOAD(r7, r1, 16)                                  \
        "add.w r12, r12, r0, lsr #2\n\t"                                                                   \
        "add.w r11, r12, r11, asr #2\n\t"                                                                  \
        "ldrb.w r8, [r12]\n\t"                                                                             \
        "ldrb.w r9, [r11]\n\t"                                                                             \
        PARITY_ADDRESS(r8) PARITY_ADDRESS(r9)                                                              \
        LOAD(r10, r8, 0) LOAD(r11, r8, 4) LOAD(r8, r8, 8)                                                  \
        LOAD(r12, r9, 512) LOAD(lr, r9, 516) LOAD(r9, r9, 520)                                             \
        FULL_ADD(r4, r10, r12) FULL_ADD(r5, r11, lr) HALF_ADD(r12, r5, r10)                                \
        ADD_TWO_PAIRS(r6, r9, r8, r11, r12) ADD_CARRIES(r7, r8, r9)                                        \
        STORE(r8, sp, 0)                                                                                   \
        /* first word, groups 0 and 1 */                                                                   \
        INDEX(r8, 0, 7) INDEX(r9, 7, 7) ADDRESS(r8) ADDRESS(r9)                                            \
        LOAD(r10, r8, 1024) LOAD(r8, r8, 1028) LOAD(r11, r9, 2048) LOAD(r9, r9, 2052)                      \
        FULL_ADD(r5, r10, r11) FULL_ADD(r6, r8, r9)                                                        \
        /* groups 2 and 3; pending: r10 fours, r8 eights */                                                \
        INDEX(r9, 14, 6) INDEX(r11, 20, 6) ADDRESS(r9) ADDRESS(r11)                                        \
        LOAD(r12, r9, 3072) LOAD(r9, r9, 3076) LOAD(lr, r11, 3584) LOAD(r11, r11, 3588)                    \
        FULL_ADD(r5, r12, lr) ADD_TWO_PAIRS(r6, r9, r11, r10, r12) ADD_CARRIES(r7, r11, r9)                \
        STORE(r11, sp, 4)                                                                                   \
        /* group 4 and the second word's group 0; pending: r8 eights */                                    \
        TO_SECOND_HALF                                                                                     \
        INDEX(r10, 26, 6)                                                                                  \
        LOAD(r9, sp, 16)                                                                                   \
        ADDRESS(r10)                                                                                       \
        "ldr.w r3, [r0, r9]\n\t"                                                                           \
        LOAD(r12, r10, 0) LOAD(r10, r10, 4)                                                                \
        INDEX(r9, 0, 7) ADDRESS(r9)                                                                        \
        LOAD(r11, r9, 512) LOAD(r9, r9, 516)                                                               \
        FULL_ADD(r5, r12, r11) FULL_ADD(r6, r10, r9) FULL_ADD(r7, r8, r10)                                 \
        /* groups 1 and 2; pending: r12 fours, r8 sixteens */                                              \
        INDEX(r9, 7, 7) INDEX(r10, 14, 6) ADDRESS(r9) ADDRESS(r10)                                         \
        LOAD(r11, r9, 1536) LOAD(r9, r9, 1540) LOAD(lr, r10, 2560) LOAD(r10, r10, 2564)                    \
        FULL_ADD(r5, r11, lr) ADD_TWO_PAIRS(r6, r10, r9, r12, r11) ADD_CARRIES(r7, r9, r10)                \
        /* groups 3 and 4; pending: r8, r9 sixteens */                                                     \
        INDEX(r10, 20, 6) INDEX(r3, 26, 6) ADDRESS(r10) ADDRESS(r3)                                        \
        LOAD(r11, r10, 3072) LOAD(r10, r10, 3076) LOAD(r12, r3, 3584) LOAD(r3, r3, 3588)                   \
        FULL_ADD(r5, r11, r12) FULL_ADD(r6, r10, r3) HALF_ADD(r12, r6, r11) SUM(r7, r10, r12)              \
        STORE(r4, r1, 4) STORE(r5, r1, 8) STORE(r6, r1, 12) STORE(r7, r1, 16)                              \
        CARRY(r7, r10)                                                                                     \
        TO_FIRST_HALF                                                                                      \
        /* sixteens: r8, r9, r10, r3, r4; higher planes ripple */                                          \
        LOAD(r3, sp, 0) LOAD(r4, sp, 4)                                                                    \
        LOAD(r5, r1, 20) LOAD(r6, r1, 24) LOAD(r7, r1, 28) LOAD(r11, r1, 32) LOAD(r12, r1, 36)             \
        LOAD(lr, r1, 40)                                                                                   \
        ADD_TWO_PAIRS(r5, r9, r8, r10, r3) HALF_ADD(r3, r5, r4)                                            \
        ADD_CARRIES(r6, r8, r9) HALF_ADD(r10, r6, r3)                                                      \
        FULL_ADD(r7, r8, r10) HALF_ADD(r10, r11, r8) HALF_ADD(r9, r12, r10)                                \
        top                                                                                                \
        LOAD(r8, sp, 8) LOAD(r9, sp, 12)                                                                   \
        STORE(r5, r1, 20) STORE(r6, r1, 24) STORE(r7, r1, 28) STORE(r11, r1, 32) STORE(r12, r1, 36)        \
        STORE(lr, r1, 40)                                                                                  \
        END_RUN(pitch))

/* The same for one word. Where its tables are, and when the table pointer moves, are arguments. */
#define COUNT_ONE(ones, twos, fours, early, g0, g1, g2, g3, late, g4, pitch, top)                          \
    __asm__ volatile(                                                                                      \
        BEGIN_RUN                                                                                          \
        LOAD(r3, r0, 0) LOAD(r12, sp, 20)                                                                  \
        LOAD(r4, r1, 4) LOAD(r5, r1, 8) LOAD(r6, r1, 12) LOAD(r7, r1, 16)                                  \
        "add.w r12, r12, r0, lsr #2\n\t"                                                                   \
        "ldrb.w r8, [r12]\n\t"                                                                             \
        PARITY_ADDRESS(r8)                                                                                 \
        LOAD(r10, r8, ones) LOAD(r11, r8, twos) LOAD(r8, r8, fours)                                        \
        HALF_ADD(r12, r4, r10) FULL_ADD(r5, r11, r12) FULL_ADD(r6, r8, r11)                                \
        early                                                                                              \
        INDEX(r9, 0, 7) INDEX(r10, 7, 7) ADDRESS(r9) ADDRESS(r10)                                          \
        LOAD(r11, r9, g0) LOAD(r9, r9, g0 + 4) LOAD(r12, r10, g1) LOAD(r10, r10, g1 + 4)                   \
        FULL_ADD(r5, r11, r12) FULL_ADD(r6, r9, r10) FULL_ADD(r7, r8, r9)                                  \
        /* pending: r11 fours, r8 sixteens */                                                              \
        INDEX(r9, 14, 6) INDEX(r10, 20, 6) ADDRESS(r9) ADDRESS(r10)                                        \
        LOAD(r12, r9, g2) LOAD(r9, r9, g2 + 4) LOAD(lr, r10, g3) LOAD(r10, r10, g3 + 4)                    \
        FULL_ADD(r5, r12, lr) FULL_ADD(r6, r9, r10) FULL_ADD(r6, r11, r12) FULL_ADD(r7, r9, r11)           \
        /* pending: r8, r9 sixteens */                                                                     \
        late                                                                                               \
        INDEX(r3, 26, 6) ADDRESS(r3)                                                                       \
        LOAD(r10, r3, g4) LOAD(r3, r3, g4 + 4)                                                             \
        HALF_ADD(r11, r5, r10) FULL_ADD(r6, r3, r11)                                                       \
        "and.w r10, r7, r3\n\t"                                                                            \
        "eor.w r7, r7, r3\n\t"                                                                             \
        STORE(r4, r1, 4) STORE(r5, r1, 8) STORE(r6, r1, 12) STORE(r7, r1, 16)                              \
        TO_FIRST_HALF                                                                                      \
        LOAD(r5, r1, 20) LOAD(r6, r1, 24) LOAD(r7, r1, 28) LOAD(r11, r1, 32) LOAD(r12, r1, 36)             \
        LOAD(lr, r1, 40)                                                                                   \
        FULL_ADD(r5, r8, r9) HALF_ADD(r9, r5, r10)                                                         \
        FULL_ADD(r6, r8, r9) HALF_ADD(r9, r7, r8) HALF_ADD(r10, r11, r9) HALF_ADD(r9, r12, r10)            \
        top                                                                                                \
        LOAD(r8, sp, 8) LOAD(r9, sp, 12)                                                                   \
        STORE(r5, r1, 20) STORE(r6, r1, 24) STORE(r7, r1, 28) STORE(r11, r1, 32) STORE(r12, r1, 36)        \
        STORE(lr, r1, 40)                                                                                  \
        END_RUN(pitch))
#define COUNT_FIRST(pitch, top) \
    COUNT_ONE(0, 4, 8, "", 1024, 2048, 3072, 3584, TO_SECOND_HALF, 0, pitch, top)
#define COUNT_SECOND(pitch, top) \
    COUNT_ONE(512, 516, 520, TO_SECOND_HALF, 512, 1536, 2560, 3072, "", 3584, pitch, top)

#define LAST_OF_FEW "eor.w lr, lr, r9\n\t"
#define RIPPLE(carry_out, carry, at) \
    LOAD(r3, r1, at) HALF_ADD(carry_out, r3, carry) STORE(r3, r1, at)
#define LAST_OF_MANY                                                                   \
    HALF_ADD(r10, lr, r9) RIPPLE(r9, r10, 44) RIPPLE(r10, r9, 48) RIPPLE(r9, r10, 52)  \
        RIPPLE(r10, r9, 56) RIPPLE(r9, r10, 60)

typedef void (*counter)(const run *r, const uint32_t *tables);
#define DEFINE_COUNTER(name, body)                                                \
    static __attribute__((naked, noinline)) void name(                            \
        const run *r __attribute__((unused)), const uint32_t *tables __attribute__((unused))) \
    {                                                                             \
        body;                                                                     \
    }
DEFINE_COUNTER(count_first_few, COUNT_FIRST(44, LAST_OF_FEW))
DEFINE_COUNTER(count_second_few, COUNT_SECOND(44, LAST_OF_FEW))
DEFINE_COUNTER(count_pair_few, COUNT_PAIR(44, LAST_OF_FEW))
DEFINE_COUNTER(count_first_many, COUNT_FIRST(64, LAST_OF_MANY))
DEFINE_COUNTER(count_second_many, COUNT_SECOND(64, LAST_OF_MANY))
DEFINE_COUNTER(count_pair_many, COUNT_PAIR(64, LAST_OF_MANY))
enum { FIRST, SECOND, PAIR };

/* ---- the layer ---- */

typedef struct {
    int32_t y0, y1, x0, x1; /* output pixels, none if y1 <= y0 or x1 <= x0 */
} rectangle;

typedef struct {
    rectangle tile;
    uint32_t *tables, *starts, *widths, *work, *counters;
    uint32_t parities; /* as in a run */
    int32_t m;         /* planes */
    const counter *count;
} state;

/* A weight word. */
typedef struct {
    int32_t kx, ky, word;
    int32_t offset;   /* in input words, from the pixel of tap (0, 0) */
    rectangle inside; /* pixels of the tile for which it is in the image */
} place;

/* Narrow [from, to) to the outputs whose tap k lies in the image, along one axis. */
BNN_INLINE void in_image(int32_t k, int32_t pad, int32_t stride, int32_t size, int32_t *from, int32_t *to)
{
    int32_t before = pad - k, last = size - 1 + pad - k;
    int32_t lo = before > 0 ? (before + stride - 1) / stride : 0;
    int32_t hi = last < 0 ? 0 : last / stride + 1;
    if (lo > *from)
        *from = lo;
    if (hi < *to)
        *to = hi;
}

static void find_place(const bnn_layer *layer, const state *s, place *p)
{
    p->offset = (p->ky * layer->in_w + p->kx) * layer->in_words + p->word;
    p->inside = s->tile;
    in_image(p->ky, layer->pad_top, layer->stride_h, layer->in_h, &p->inside.y0, &p->inside.y1);
    in_image(p->kx, layer->pad_left, layer->stride_w, layer->in_w, &p->inside.x0, &p->inside.x1);
}

static void next_place(const bnn_layer *layer, place *p)
{
    if (++p->word < layer->in_words)
        return;
    p->word = 0;
    if (++p->ky < layer->kernel_h)
        return;
    p->ky = 0;
    p->kx++;
}

/* The rows of a rectangle; offset: of the word, or of the first one. */
static void count_rectangle(const bnn_layer *layer, const state *s, int32_t which, int32_t offset, int32_t apart,
                            const rectangle *part)
{
    run r;
    const int32_t tile_w = s->tile.x1 - s->tile.x0, width = part->x1 - part->x0;
    const int32_t in_y = part->y0 * layer->stride_h - layer->pad_top;
    const int32_t in_x = part->x0 * layer->stride_w - layer->pad_left;
    if (width <= 0)
        return;
    r.input = (const uint32_t *)layer->input + (in_y * layer->in_w + in_x) * layer->in_words + offset;
    r.counters = s->counters + s->m * ((part->y0 - s->tile.y0) * tile_w + part->x0 - s->tile.x0);
    r.input_step = (uint32_t)(4 * layer->stride_w * layer->in_words);
    r.end = r.counters + s->m * width;
    r.apart = (uint32_t)(4 * apart);
    r.parities = s->parities;
    for (int32_t rows = part->y1 - part->y0; rows > 0; rows--) {
        s->count[which](&r, s->tables);
        r.input += layer->stride_h * layer->in_w * layer->in_words;
        r.counters += s->m * tile_w;
        r.end += s->m * tile_w;
    }
}

/* What is in a rectangle but not in one inside of it. */
static void count_rest(const bnn_layer *layer, const state *s, int32_t which, int32_t offset, const rectangle *all,
                       const rectangle *done)
{
    const rectangle above = {all->y0, done->y0, all->x0, all->x1}, below = {done->y1, all->y1, all->x0, all->x1};
    const rectangle left = {done->y0, done->y1, all->x0, done->x0}, right = {done->y0, done->y1, done->x1, all->x1};
    count_rectangle(layer, s, which, offset, 0, &above);
    count_rectangle(layer, s, which, offset, 0, &below);
    count_rectangle(layer, s, which, offset, 0, &left);
    count_rectangle(layer, s, which, offset, 0, &right);
}

static void count_pair(const bnn_layer *layer, const state *s, const place *a, const place *b)
{
    const rectangle *i = &a->inside, *j = &b->inside;
    const rectangle both = {i->y0 > j->y0 ? i->y0 : j->y0, i->y1 < j->y1 ? i->y1 : j->y1,
                            i->x0 > j->x0 ? i->x0 : j->x0, i->x1 < j->x1 ? i->x1 : j->x1};
    if (both.y0 >= both.y1 || both.x0 >= both.x1) {
        count_rectangle(layer, s, FIRST, a->offset, 0, i);
        count_rectangle(layer, s, SECOND, b->offset, 0, j);
        return;
    }
    count_rectangle(layer, s, PAIR, a->offset, b->offset - a->offset, &both);
    count_rest(layer, s, FIRST, a->offset, i, &both);
    count_rest(layer, s, SECOND, b->offset, j, &both);
}

/* Copy eleven planes to each pixel of a run. */
static __attribute__((naked, noinline)) void fill_eleven(uint32_t *counters __attribute__((unused)),
                                                         const uint32_t *end __attribute__((unused)),
                                                         const uint32_t *planes __attribute__((unused)))
{
    __asm__ volatile(
        "push.w {r4-r11, lr}\n\t"
        "ldm.w r2, {r2-r12}\n\t"
        ".p2align 2\n"
        "1: stm.w r0!, {r2-r12}\n\t"
        "cmp.w r0, r1\n\t"
        "bne.w 1b\n\t"
        "pop.w {r4-r11, pc}");
}

static void fill_run(const state *s, uint32_t *counters, int32_t pixels)
{
    uint32_t *end = counters + s->m * pixels;
    if (s->m == FEW_PLANES + 1) {
        fill_eleven(counters, end, s->work);
        return;
    }
    for (; counters != end; counters += s->m) {
        fill_eleven(counters, counters + 11, s->work);
        for (int32_t i = 11; i < s->m; i++)
            counters[i] = s->work[i];
    }
}

/* Counters begin at z = start - 1 - 2 K + (skipped synapses), halved; its parity is plane 0. */
static void start_counters(const bnn_layer *layer, const state *s)
{
    const rectangle *t = &s->tile;
    const int32_t all = layer->kernel_h * layer->kernel_w, width = t->x1 - t->x0;
    bnn_stretch rows, columns;
    for (int32_t x = t->x0; x < t->x1; x = columns.to) {
        columns = bnn_columns_at(layer, x);
        const int32_t pixels = (columns.to < t->x1 ? columns.to : t->x1) - x;
        uint32_t *counters = s->counters + s->m * (x - t->x0);
        for (int32_t y = t->y0; y < t->y1; y++, counters += s->m * width) {
            if (y == t->y0 || y == rows.to) {
                rows = bnn_rows_at(layer, y);
                const int32_t seen = bnn_stretch_taps(&rows) * bnn_stretch_taps(&columns);
                bnn_add_scalar(s->work, s->starts, (uint32_t)(layer->in_c * (all - seen)), s->m);
            }
            fill_run(s, counters, pixels);
        }
    }
}

/* A bit before polarity is set when z + width has no carry out. */
static void threshold(const bnn_layer *layer, const state *s, int32_t group)
{
    const rectangle *t = &s->tile;
    const uint32_t *z = s->counters, *widths = s->widths;
    const uint32_t polarity = ~layer->polarity[group], real = bnn_real_lanes(layer, group);
#define NEXT_PLANE(i) carry = bnn_majority(z[i], widths[i], carry)
    for (int32_t y = t->y0; y < t->y1; y++) {
        uint32_t *out = (uint32_t *)layer->output + (y * layer->out_w + t->x0) * layer->out_words + group;
        for (int32_t x = t->x0; x < t->x1; x++) {
            uint32_t carry = z[0] & widths[0];
            NEXT_PLANE(1), NEXT_PLANE(2), NEXT_PLANE(3), NEXT_PLANE(4), NEXT_PLANE(5);
            NEXT_PLANE(6), NEXT_PLANE(7), NEXT_PLANE(8), NEXT_PLANE(9), NEXT_PLANE(10);
            if (s->m > FEW_PLANES + 1)
                NEXT_PLANE(11), NEXT_PLANE(12), NEXT_PLANE(13), NEXT_PLANE(14), NEXT_PLANE(15);
            z += s->m;
            *out = (carry ^ polarity) & real;
            out += layer->out_words;
        }
    }
}

static void run_tile(const bnn_layer *layer, const state *s)
{
    const int32_t words = layer->kernel_h * layer->kernel_w * layer->in_words;
    const uint32_t synapses = (uint32_t)(layer->kernel_h * layer->kernel_w * layer->in_c);
    const uint32_t *w = layer->weights;
    for (int32_t group = 0; group < layer->out_words; group++) {
        place a, b = {0, 0, 0, 0, s->tile};
        bnn_threshold_planes(layer, group, synapses, 0 - 1 - 2 * synapses, s->m, s->starts, s->widths, s->work);
        start_counters(layer, s);
        for (int32_t i = 0; i < words; i += 2) {
            a = b;
            find_place(layer, s, &a);
            build_tables(s->tables, w, 0);
            w += 32;
            b = a;
            next_place(layer, &b);
            if (i + 1 < words) {
                find_place(layer, s, &b);
                build_tables(s->tables, w, 1);
                w += 32;
                count_pair(layer, s, &a, &b);
            } else {
                count_rectangle(layer, s, FIRST, a.offset, 0, &a.inside);
            }
            next_place(layer, &b);
        }
        threshold(layer, s, group);
    }
}

void bbconv2d_bitsliced_pairs(const bnn_layer *layer)
{
    static const counter few[] = {count_first_few, count_second_few, count_pair_few};
    static const counter many[] = {count_first_many, count_second_many, count_pair_many};
    bnn_layer framed;
    state s;
    layer = bnn_framed(layer, &framed);
    const int32_t width = layer->out_w < TILE_PIXELS ? layer->out_w : TILE_PIXELS, height = TILE_PIXELS / width;
    const int32_t is_many = layer->kernel_h * layer->kernel_w * layer->in_c > 1022;
    const int32_t in_words = layer->in_h * layer->in_w * layer->in_words;
    const int32_t pixels = layer->out_h * layer->out_w;
    s.tables = layer->scratch;
    s.starts = s.tables + TABLE_WORDS;
    s.widths = s.starts + 16;
    s.work = s.widths + 16;
    s.counters = s.work + 32;
    s.count = is_many ? many : few;
    s.m = (is_many ? MANY_PLANES : FEW_PLANES) + 1;
    uint8_t *parities = (uint8_t *)(s.counters + s.m * (pixels < TILE_PIXELS ? pixels : TILE_PIXELS));
    s.parities = (uint32_t)parities - ((uint32_t)layer->input >> 2);
    find_parities(layer->input, parities, in_words);
    rectangle *t = &s.tile;
    for (t->y0 = 0; t->y0 < layer->out_h; t->y0 = t->y1) {
        t->y1 = t->y0 + height < layer->out_h ? t->y0 + height : layer->out_h;
        for (t->x0 = 0; t->x0 < layer->out_w; t->x0 = t->x1) {
            t->x1 = t->x0 + width < layer->out_w ? t->x0 + width : layer->out_w;
            run_tile(layer, &s);
        }
    }
}
