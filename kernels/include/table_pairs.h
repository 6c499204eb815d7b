/* Tables of the counts of two weight words for 32 outputs, as BBConv2D's bitsliced_pairs explains them. */
#ifndef BNN_TABLE_PAIRS_H
#define BNN_TABLE_PAIRS_H
#include <stdint.h>
#include "bitsliced.h"
#include "inline.h"
#include "planes.h"

/* Where the tables are, in bytes. The first half has those of parities (entries of 16 bytes: ones, twos, fours,
 * nothing) and four groups of the first word (entries of 8 bytes: twos, fours), the second half all others. The
 * assembly of table_pairs_count.h has these numbers in its loads. */
#define P_PARITY_A 0
#define P_PARITY_B 512
#define P_A0 1024
#define P_A1 2048
#define P_A2 3072
#define P_A3 3584
#define P_A4 0
#define P_B0 512
#define P_B1 1536
#define P_B2 2560
#define P_B3 3072
#define P_B4 3584
enum {
    P_HALF_BYTES = 4096, /* the table pointer moves by this, since a load's offset is less */
    BNN_PAIR_TABLE_WORDS = 2048,
};

/* One entry: twos are l2 ^ r11, fours (l2 & r12) | lr, with l2 the twos of the low channels (their complement if the
 * pattern is odd: `masked` is P_EVEN or P_ODD). */
#define P_ENTRY(pattern, l2, masked) \
    "eor.w r10, " #l2 ", r11\n\t"    \
    P_STORE(r10, r0, 8 * pattern)    \
    masked(l2)                       \
    "orr.w r10, r10, lr\n\t"         \
    P_STORE(r10, r0, 8 * pattern + 4)
#define P_MIRRORED_ENTRY(pattern, l2, masked) \
    "eor.w r10, " #l2 ", r11\n\t"             \
    P_STORE(r10, r0, 8 * pattern)             \
    "mvn.w r10, r10\n\t"                      \
    P_STORE(r10, r2, 8 * (7 - pattern))       \
    masked(l2)                                \
    "orr.w r10, r10, lr\n\t"                  \
    P_STORE(r10, r0, 8 * pattern + 4)         \
    "mvn.w r10, r10\n\t"                      \
    P_STORE(r10, r2, 8 * (7 - pattern) + 4)
#define P_EVEN(l2) "and.w r10, " #l2 ", r12\n\t"
#define P_ODD(l2) "bic.w r10, r12, " #l2 "\n\t"

/* Eight entries per row. The three low channels of a group take every pattern: their ones are r3 in even patterns,
 * ~r3 in odd ones, their twos r4 to r7 or the complement. The others count r8 + 2 * r9 (+ 4 * r10). */
#define P_HIGH_EVEN(more)    \
    "and.w r11, r3, r8\n\t"  \
    "and.w lr, r11, r9\n\t"  \
    "orr.w r12, r11, r9\n\t" \
    more                     \
    "eor.w r11, r11, r9\n\t"
#define P_HIGH_ODD(more)     \
    "bic.w r11, r8, r3\n\t"  \
    "and.w lr, r11, r9\n\t"  \
    "orr.w r12, r11, r9\n\t" \
    more                     \
    "eor.w r11, r11, r9\n\t" \
    "mvn.w r11, r11\n\t"
#define P_ENTRIES_EVEN(entry) entry(0, r4, P_EVEN) entry(3, r5, P_EVEN) entry(5, r6, P_EVEN) entry(6, r7, P_EVEN)
#define P_ENTRIES_ODD(entry) entry(7, r4, P_ODD) entry(4, r5, P_ODD) entry(2, r6, P_ODD) entry(1, r7, P_ODD)
#define P_ADD_FOURS "orr.w lr, lr, r10\n\t"

/* What a table is written from. */
typedef struct {
    uint32_t ones, twos[4];
} bnn_low_channels;

/* end: of the rows, which are ones, twos, nothing */
static __attribute__((naked, noinline, unused)) void bnn_write_six(uint32_t *t __attribute__((unused)),
                                                       const uint32_t *rows __attribute__((unused)),
                                                       const uint32_t *end __attribute__((unused)),
                                                       const bnn_low_channels *low __attribute__((unused)))
{
    __asm__ volatile(
        "push.w {r4-r11, lr}\n\t"
        "ldm.w r3, {r3-r7}\n\t"
        ".p2align 3\n"
        "1:\n\t"
        "ldm.w r1!, {r8-r10}\n\t"
        P_HIGH_EVEN("") P_ENTRIES_EVEN(P_ENTRY)
        P_HIGH_ODD("") P_ENTRIES_ODD(P_ENTRY)
        "add.w r0, r0, #64\n\t"
        "cmp.w r1, r2\n\t"
        "bne.w 1b\n\t"
        "pop.w {r4-r11, pc}");
}

/* With seven channels the complement of a pattern counts 7 - n, which complements both planes. last: the eight
 * entries at the end of the table; there are eight rows of ones, twos and fours. */
static __attribute__((naked, noinline, unused)) void bnn_write_seven(uint32_t *t __attribute__((unused)),
                                                         const uint32_t *rows __attribute__((unused)),
                                                         uint32_t *last __attribute__((unused)),
                                                         const bnn_low_channels *low __attribute__((unused)))
{
    __asm__ volatile(
        "push.w {r4-r11, lr}\n\t"
        "ldm.w r3, {r3-r7}\n\t"
        ".p2align 3\n"
        "1:\n\t"
        "ldm.w r1, {r8-r10}\n\t"
        P_HIGH_EVEN(P_ADD_FOURS) P_ENTRIES_EVEN(P_MIRRORED_ENTRY)
        "ldm.w r1!, {r8-r10}\n\t"
        P_HIGH_ODD(P_ADD_FOURS) P_ENTRIES_ODD(P_MIRRORED_ENTRY)
        "add.w r0, r0, #64\n\t"
        "sub.w r2, r2, #64\n\t"
        "sub.w r10, r2, r0\n\t"
        "adds.w r10, r10, #64\n\t" /* they meet */
        "bne.w 1b\n\t"
        "pop.w {r4-r11, pc}");
}

BNN_NOINLINE void bnn_build_pair_group(uint32_t *t, const uint32_t *w, int32_t channels)
{
    bnn_low_channels low;
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
#define P_ROW(i, ones, two, carry)       \
    rows[3 * (i)] = ones;                \
    rows[3 * (i) + 1] = (two) ^ (carry); \
    rows[3 * (i) + 2] = (two) & (carry)
    P_ROW(0, even, m0, even_carry);
    P_ROW(3, even, m3, even_carry);
    P_ROW(5, even, m5, even_carry);
    P_ROW(6, even, m6, even_carry);
    P_ROW(7, odd, ~m0, odd_carry);
    P_ROW(4, odd, ~m3, odd_carry);
    P_ROW(2, odd, ~m5, odd_carry);
    P_ROW(1, odd, ~m6, odd_carry);
    if (channels == 7)
        bnn_write_seven(t, rows, t + 2 * 120, &low);
    else
        bnn_write_six(t, rows, rows + 24, &low);
}

/* Counts of five words, flipped by the bits of the index: ones, twos, fours. */
BNN_NOINLINE void bnn_build_parities(uint32_t *t, const uint32_t *p)
{
    const uint32_t p0 = p[0], p1 = p[1], p2 = p[2];
    const uint32_t ones = p0 ^ p1 ^ p2, m0 = bnn_majority(p0, p1, p2), m3 = bnn_majority(~p0, ~p1, p2),
                   m5 = bnn_majority(~p0, p1, ~p2), m6 = bnn_majority(p0, ~p1, ~p2);
    for (uint32_t high = 0; high < 4; high++, t += 32) {
        const uint32_t p3 = p[3] ^ bnn_broadcast_bit(high, 0), p4 = p[4] ^ bnn_broadcast_bit(high, 1);
        const uint32_t h1 = p3 ^ p4, h2 = p3 & p4; /* not both */
        const uint32_t even_carry = ones & h1, odd_carry = h1 & ~ones;
        uint32_t any = even_carry | h2, sum = ones ^ h1;
#define P_PARITY_ENTRY(i, two)    \
    t[4 * (i)] = sum;             \
    t[4 * (i) + 1] = (two) ^ any; \
    t[4 * (i) + 2] = (two) & any
        P_PARITY_ENTRY(0, m0);
        P_PARITY_ENTRY(3, m3);
        P_PARITY_ENTRY(5, m5);
        P_PARITY_ENTRY(6, m6);
        any = odd_carry | h2;
        sum = ~sum;
        P_PARITY_ENTRY(7, ~m0);
        P_PARITY_ENTRY(4, ~m3);
        P_PARITY_ENTRY(2, ~m5);
        P_PARITY_ENTRY(1, ~m6);
    }
}

/* The tables of one weight word; second: those of the pair's second word. */
BNN_NOINLINE void bnn_build_pair_tables(uint32_t *tables, const uint32_t *w, int32_t second)
{
    static const uint16_t at[2][6] = {
        {P_PARITY_A, P_A0, P_A1, P_A2, P_A3, P_HALF_BYTES + P_A4},
        {P_PARITY_B, P_HALF_BYTES + P_B0, P_HALF_BYTES + P_B1, P_HALF_BYTES + P_B2, P_HALF_BYTES + P_B3,
         P_HALF_BYTES + P_B4},
    };
    uint32_t parities[5];
    for (int32_t g = 0; g < 5; g++) {
        const int32_t channels = g < 2 ? 7 : 6;
        parities[g] = w[0] ^ w[1] ^ w[2] ^ w[3] ^ w[4] ^ w[5] ^ (channels == 7 ? w[6] : 0);
        bnn_build_pair_group(tables + at[second][g + 1] / 4, w, channels);
        w += channels;
    }
    bnn_build_parities(tables + at[second][0] / 4, parities);
}
#endif
