/* The vector unit of xvpu, which loads its operands: what is counted per pixel, and copying, in assembly. */
#ifndef BNN_VECTOR_LOADS_H
#define BNN_VECTOR_LOADS_H
#include <stdint.h>
#include "isa.h"
#include "vector_job.h"

#define BNN_VECTOR_CODE(top) {top, 9, 4 + 4 * BNN_TILE_OUTPUTS}

/* All outputs of one pixel, the body of a naked function of (job, weights of the first tile, output). A tile: load the
 * patch's part, then mac one weight vector for each of 16 outputs, the last one first. start: of 16 sums. finish: what
 * is made of them, at r2, which it moves. next: moves r1 to the next outputs' tiles. r7 and r10 are what the job has
 * there; r11, r12, lr are free. */
#define BNN_VECTOR_ROUTINE(top, start, mac, finish, next) \
    __asm__ volatile(                          \
        "push.w {r4-r11, lr}\n\t"              \
        "mov.w r3, r2\n\t"                     \
        "ldm.w r0, {r4-r10}\n\t"               \
        "mov.w r2, r8\n\t"                     \
        "mov.w r8, r6\n\t"                     \
        "b.w 1f\n\t"                           \
        ".p2align 3\n"                         \
        top ":\n\t"                            \
        ".rept 9\n\t"                          \
        "bnnsim_vldc r0, 32\n\t"               \
        ".rept 16\n\t"                         \
        mac " r1, 32\n\t"                      \
        ".endr\n\t"                            \
        ".endr\n\t"                            \
        "subs.w r6, r6, #1\n\t"                \
        "bne.w " top "\n\t"                    \
        finish                                 \
        next                                   \
        "cmp.w r2, r9\n\t"                     \
        "beq.w 2f\n"                           \
        "1: mov.w r0, r4\n\t"                  \
        "mov.w r6, r8\n\t"                     \
        start                                  \
        "bx.n r5\n\t"                          \
        ".p2align 2\n"                         \
        "2: pop.w {r4-r11, pc}")

/* 16 bits from 16 sums. */
#define BNN_VECTOR_BITS                        \
    "ldr.w r11, [r2, #64]\n\t"                 \
    "cmp.w r11, #0\n\t"                        \
    "blt.w 3f\n\t"                             \
    "bnnsim_vladd r2, " BNN_GROUP_BYTES "\n\t" \
    "bnnsim_vdepth1\n\t"                       \
    "bnnsim_vgetr r12, 0\n"                    \
    "4: eor.w r12, r12, r11\n\t"               \
    "strh.w r12, [r3], #2\n\t"

/* Where two-sided thresholds are made. */
#define BNN_VECTOR_TWO_SIDED                   \
    "\n3: bnnsim_vstr r10, 0\n\t"                   \
    "bnnsim_vladd r2, 32\n\t"                  \
    "bnnsim_vdepth1\n\t"                       \
    "bnnsim_vgetr r12, 0\n\t"                  \
    "bnnsim_vldr r10, 0\n\t"                   \
    "bnnsim_vladd r2, 36\n\t"                  \
    "bnnsim_vdepth1\n\t"                       \
    "bnnsim_vgetr lr, 0\n\t"                   \
    "orn.w r12, r12, lr\n\t"                   \
    "b.w 4b\n\t"

extern const char bnn_vector_bits_top[], bnn_vector_sums_top[];
static const bnn_vector_code bnn_vector_bits_code BNN_UNUSED = BNN_VECTOR_CODE(bnn_vector_bits_top);
static const bnn_vector_code bnn_vector_sums_code BNN_UNUSED = BNN_VECTOR_CODE(bnn_vector_sums_top);

/* The packed outputs of a pixel. */
static __attribute__((naked, noinline, unused)) void bnn_vector_bits(
    const bnn_vector_job *job BNN_UNUSED, const uint32_t *weights BNN_UNUSED,
    void *out BNN_UNUSED)
{
    BNN_VECTOR_ROUTINE("bnn_vector_bits_top", "bnnsim_vclrdr\n\t", "bnnsim_vlmaccr1", BNN_VECTOR_BITS,
                       "add.w r1, r1, r7\n\t");
    __asm__ volatile(BNN_VECTOR_TWO_SIDED);
}

/* The sums of a pixel, int16, where job->groups points. */
static __attribute__((naked, noinline, unused)) void bnn_vector_sums(
    const bnn_vector_job *job BNN_UNUSED, const uint32_t *weights BNN_UNUSED,
    void *out BNN_UNUSED)
{
    BNN_VECTOR_ROUTINE("bnn_vector_sums_top", "bnnsim_vclrdr\n\t", "bnnsim_vlmaccr1", "bnnsim_vstr r2, 32\n\t", "");
}

/* Copy the in-image taps of a pixel by whole vectors. What one of them has too much is overwritten, by the next row or
 * by zeros. */
static __attribute__((naked, noinline, unused)) void bnn_vector_gather(
    const uint32_t *in BNN_UNUSED, uint32_t *patch BNN_UNUSED,
    const bnn_vector_copy *c BNN_UNUSED)
{
    __asm__ volatile(
        "ldr.w r3, [r2, #24]\n\t"
        "cbz.n r3, 2f\n\t"
        "ldm.w r2, {r2, r3, r12}\n\t"
        ".p2align 2\n"
        "1: bnnsim_vldr r0, 0\n\t"
        "add.w r0, r0, r2\n\t"
        "bnnsim_vstr r1, 0\n\t"
        "add.w r1, r1, r3\n\t"
        "subs.w r12, r12, #1\n\t"
        "bne.w 1b\n\t"
        "bnnsim_vclrdr\n\t"
        "bnnsim_vstr r1, 0\n\t"
        "bx.n lr\n"
        "2: push.w {r4-r9}\n\t"
        "ldm.w r2, {r2-r7}\n\t"
        ".p2align 2\n"
        "3: mov.w r8, r0\n\t"
        "mov.w r9, r1\n\t"
        "mov.w r12, r5\n"
        "4: bnnsim_vldr r8, 32\n\t"
        "subs.w r12, r12, #1\n\t"
        "bnnsim_vstr r9, 32\n\t"
        "bne.w 4b\n\t"
        "cbz.n r7, 5f\n\t"
        "add.w r9, r1, r6\n\t"
        "bnnsim_vclrdr\n\t"
        "bnnsim_vstr r9, 0\n"
        "5: add.w r0, r0, r2\n\t"
        "add.w r1, r1, r3\n\t"
        "subs.w r4, r4, #1\n\t"
        "bne.w 3b\n\t"
        "cmp.w r7, #0\n\t"
        "bne.w 6f\n\t"
        "bnnsim_vclrdr\n\t"
        "bnnsim_vstr r1, 0\n"
        "6: pop.w {r4-r9}\n\t"
        "bx.n lr");
}
#endif
