/* The vector unit of xvpu_m33, whose operands the core loads and transfers: what is counted per pixel, in assembly, and
 * xvpu's instructions as functions made of transfers.
 */
#ifndef BNN_VECTOR_TRANSFERS_H
#define BNN_VECTOR_TRANSFERS_H
#include <stdint.h>
#include "inline.h"
#include "isa.h"
#include "vector_job.h"

/* ---- as functions ---- */

#define BNN_VECTOR_PUT(name, put)                                                \
    BNN_INLINE const void *name(const void *at, int32_t step_bytes)              \
    {                                                                            \
        const uint32_t *w = at;                                                  \
        put(w[0], w[1], 0);                                                      \
        put(w[2], w[3], 1);                                                      \
        put(w[4], w[5], 2);                                                      \
        put(w[6], w[7], 3);                                                      \
        return (const char *)at + step_bytes;                                    \
    }
BNN_VECTOR_PUT(vldc, cputc)
BNN_VECTOR_PUT(vldr, cputr)
BNN_VECTOR_PUT(vldd, cputd)
BNN_VECTOR_PUT(bnn_vector_put_operand, cputo)

#define BNN_VECTOR_GET_PART(get, part) \
    x = get(part);                     \
    w[2 * (part)] = (uint32_t)x;       \
    w[2 * (part) + 1] = (uint32_t)(x >> 32);
#define BNN_VECTOR_GET(name, get)                                                \
    BNN_INLINE void *name(void *at, int32_t step_bytes)                          \
    {                                                                            \
        uint32_t *w = at;                                                        \
        uint64_t x;                                                              \
        BNN_VECTOR_GET_PART(get, 0)                                              \
        BNN_VECTOR_GET_PART(get, 1)                                              \
        BNN_VECTOR_GET_PART(get, 2)                                              \
        BNN_VECTOR_GET_PART(get, 3)                                              \
        return (char *)at + step_bytes;                                          \
    }
BNN_VECTOR_GET(vstr, cgetr)
BNN_VECTOR_GET(vstd, cgetd)

#define BNN_VECTOR_WITH_OPERAND(name, step)                                      \
    BNN_INLINE const void *name(const void *at, int32_t step_bytes)              \
    {                                                                            \
        at = bnn_vector_put_operand(at, step_bytes);                             \
        step();                                                                  \
        return at;                                                               \
    }
BNN_VECTOR_WITH_OPERAND(vlmaccr1, cmaccr1)
BNN_VECTOR_WITH_OPERAND(vlsat, csat)
BNN_VECTOR_WITH_OPERAND(vlsub, csub)

BNN_INLINE void vclrdr(void)
{
    cclrdr();
}

BNN_INLINE void vsetc(uint32_t control)
{
    csetc(control);
}

/* ---- pixels ---- */

#define BNN_PUT_EIGHT(put)             \
    "bnnsim_" put " r4, r5, 0\n\t"     \
    "bnnsim_" put " r6, r7, 1\n\t"     \
    "bnnsim_" put " r8, r9, 2\n\t"     \
    "bnnsim_" put " r10, r11, 3\n\t"
#define BNN_ADD_EIGHT                  \
    "ldm.w r2!, {r4-r11}\n\t"          \
    BNN_PUT_EIGHT("cputo")             \
    "bnnsim_cadd\n\t"                  \
    "bnnsim_cdepth1\n\t"

extern const char bnn_vector_bits_top[];
static const bnn_vector_code bnn_vector_bits_code = {bnn_vector_bits_top, 3, 20 + 24 * BNN_TILE_OUTPUTS};

/* The packed outputs of a pixel, tiles as in vector_loads.h. Stack: the job, bits of a first comparison. */
static __attribute__((naked, noinline, unused)) void bnn_vector_bits(
    const bnn_vector_job *job BNN_UNUSED, const uint32_t *weights BNN_UNUSED,
    void *out BNN_UNUSED)
{
    __asm__ volatile(
        "push.w {r4-r11, lr}\n\t"
        "mov.w r3, r2\n\t"
        "ldm.w r0, {r4-r10}\n\t"
        "sub.w sp, sp, #32\n\t"
        "stm.w sp, {r4-r10}\n\t"
        "mov.w r2, r8\n\t"
        "b.w 1f\n\t"
        ".p2align 3\n"
        "bnn_vector_bits_top:\n\t"
        ".rept 3\n\t"
        "ldm.w r0!, {r4-r11}\n\t"
        BNN_PUT_EIGHT("cputc")
        ".rept 16\n\t"
        "ldm.w r1!, {r4-r11}\n\t"
        BNN_PUT_EIGHT("cputo")
        "bnnsim_cmaccr1\n\t"
        ".endr\n\t"
        ".endr\n\t"
        "subs.w lr, lr, #1\n\t"
        "bne.w bnn_vector_bits_top\n\t"
        "ldr.w r12, [r2, #64]\n\t"
        "cmp.w r12, #0\n\t"
        "blt.w 3f\n\t"
        BNN_ADD_EIGHT
        "bnnsim_cbits lr\n\t"
        "add.w r2, r2, #36\n"
        "4: ldr.w r4, [sp, #12]\n\t"
        "ldr.w r5, [sp, #20]\n\t"
        "eor.w lr, lr, r12\n\t"
        "strh.w lr, [r3], #2\n\t"
        "add.w r1, r1, r4\n\t"
        "cmp.w r2, r5\n\t"
        "beq.w 2f\n"
        "1: ldr.w r12, [sp, #4]\n\t"
        "ldr.w r0, [sp]\n\t"
        "ldr.w lr, [sp, #8]\n\t"
        "bnnsim_cclrdr\n\t"
        "bx.n r12\n\t"
        ".p2align 2\n"
        "2: add.w sp, sp, #32\n\t"
        "pop.w {r4-r11, pc}\n\t"
        ".p2align 2\n"
        "3: bnnsim_cgetr r4, r5, 0\n\t"
        "bnnsim_cgetr r6, r7, 1\n\t"
        "bnnsim_cgetr r8, r9, 2\n\t"
        "bnnsim_cgetr r10, r11, 3\n\t"
        "ldr.w r0, [sp, #24]\n\t"
        "stm.w r0, {r4-r11}\n\t"
        BNN_ADD_EIGHT
        "bnnsim_cbits lr\n\t"
        "ldm.w r0, {r4-r11}\n\t"
        BNN_PUT_EIGHT("cputr")
        BNN_ADD_EIGHT
        "bnnsim_cbits r0\n\t"
        "add.w r2, r2, #4\n\t"
        "orn.w lr, lr, r0\n\t"
        "b.w 4b");
}

/* Copy the in-image taps of a pixel, four words at a time; others are zeros already. */
BNN_INLINE void bnn_vector_gather(const uint32_t *in, uint32_t *patch, const bnn_vector_copy *c)
{
    for (int32_t y = c->rows; y > 0; y--) {
        const uint32_t *from = in;
        uint32_t *to = patch;
        int32_t left = c->run;
        for (; left >= 16; left -= 16)
            __asm__ volatile("ldm.w %0!, {r4-r7}\n\tstm.w %1!, {r4-r7}"
                             : "+r"(from), "+r"(to)
                             :
                             : "r4", "r5", "r6", "r7", "memory");
        for (; left > 0; left -= 4) {
            *to++ = *from++;
            BNN_KEEP(to);
        }
        in = (const uint32_t *)(const void *)((const char *)in + c->in_row);
        patch = (uint32_t *)(void *)((char *)patch + c->patch_row);
    }
}
#endif
