/* Sums and products of floats on Armv6-M: as for Armv7-M in softfloat.c, with masks for conditional instructions. */
#ifndef SOFTFLOAT_ARMV6M_H
#define SOFTFLOAT_ARMV6M_H
#include "softfloat.h"

#define TEXT(x) TEXT_OF(x)
#define TEXT_OF(x) #x

/* Exponents of r0 and r1 in r2 and r3. */
#define EXPONENTS                      \
    "lsls r2, r0, #1\n\t"              \
    "lsrs r2, r2, #24\n\t"             \
    "lsls r3, r1, #1\n\t"              \
    "lsrs r3, r3, #24\n\t"
/* The fraction in bits 31 to 8, its leading one set unless the exponent is 0, which becomes 1. */
#define FRACTION(number, exponent)                     \
    "lsls " number ", " number ", #8\n\t"              \
    "subs r4, " exponent ", #1\n\t"                    \
    "sbcs r4, r4\n\t"                                  \
    "subs " exponent ", " exponent ", r4\n\t"          \
    "mvns r4, r4\n\t"                                  \
    "lsls r4, r4, #31\n\t"                             \
    "orrs " number ", r4\n\t"
#define SMEAR(bits) "lsrs r4, r3, #" bits "\n\torrs r3, r4\n\t"
/* r3: leading zeros of the word | 1; changes r4. */
#define LEADING_ZEROS(word)                                      \
    "movs r3, #1\n\t"                                            \
    "orrs r3, " word "\n\t"                                      \
    SMEAR("1") SMEAR("2") SMEAR("4") SMEAR("8") SMEAR("16")      \
    "ldr r4, 8f\n\t"                                             \
    "muls r3, r4\n\t"                                            \
    "lsrs r3, r3, #27\n\t"                                       \
    "ldr r4, 7f\n\t"                                             \
    "ldrb r3, [r4, r3]\n\t"
#define LITERALS                                                 \
    ".p2align 2\n"                                               \
    "8:\t.long " TEXT(LEADING_ZEROS_FACTOR) "\n\t"               \
    "7:\t.long leading_zeros_table"
/* to: from >> bits (32 or more give 0), its last bit set if ones were lost; changes from and rest. */
#define SHIFT_STICKY(to, from, bits, rest)             \
    "movs " to ", " from "\n\t"                        \
    "lsrs " to ", " bits "\n\t"                        \
    "movs " rest ", " to "\n\t"                        \
    "lsls " rest ", " bits "\n\t"                      \
    "subs " from ", " from ", " rest "\n\t"            \
    IF_NOT_ZERO(from, from)                            \
    "lsrs " from ", " from ", #31\n\t"                 \
    "orrs " to ", " from "\n\t"
/* All ones if the word is not 0, else 0. */
#define IF_NOT_ZERO(mask, word)                        \
    "rsbs " mask ", " word ", #0\n\t"                  \
    "sbcs " mask ", " mask "\n\t"
/* r0: the magnitude from a fraction in r1 and the exponent minus 1 in r2; see round_and_pack. */
#define ROUND_AND_PACK                 \
    "lsrs r0, r1, #8\n\t"              \
    "uxtb r1, r1\n\t"                  \
    "movs r3, #1\n\t"                  \
    "ands r3, r0\n\t"                  \
    "adds r1, r1, r3\n\t"              \
    "adds r1, #127\n\t"                \
    "lsrs r1, r1, #8\n\t"              \
    "adds r0, r0, r1\n\t"              \
    "lsls r2, r2, #23\n\t"             \
    "adds r0, r0, r2\n\t"              \
    "movs r3, #255\n\t"                \
    "lsls r3, r3, #23\n\t"             \
    "subs r1, r0, r3\n\t"              \
    "sbcs r4, r4\n\t"                  \
    "ands r1, r4\n\t"                  \
    "adds r0, r3, r1\n\t"
/* Bit 31 of r6 is the sign of r0. */
#define SIGN_AND_RETURN                \
    "lsrs r6, r6, #31\n\t"             \
    "lsls r6, r6, #31\n\t"             \
    "orrs r0, r6\n\t"                  \
    "pop {r4, r5, r6, pc}\n"

__attribute__((naked)) uint32_t __aeabi_fadd(uint32_t a __attribute__((unused)), uint32_t b __attribute__((unused)))
{
    __asm__ volatile(
        "push {r4, r5, r6, lr}\n\t"
        "lsls r2, r0, #1\n\t"
        "lsls r3, r1, #1\n\t"
        "movs r6, r0\n\t"
        "eors r6, r1\n\t"
        "subs r4, r2, r3\n\t" /* r0: the larger magnitude */
        "sbcs r4, r4\n\t"
        "ands r4, r6\n\t"
        "eors r0, r4\n\t"
        "eors r1, r4\n\t"
        EXPONENTS
        "cmp r2, #255\n\t"
        "beq 9f\n\t"
        "mov r12, r0\n\t"
        FRACTION("r0", "r2")
        FRACTION("r1", "r3")
        "lsrs r0, r0, #1\n\t" /* room for a carry */
        "lsrs r1, r1, #1\n\t"
        "subs r3, r2, r3\n\t"
        SHIFT_STICKY("r4", "r1", "r3", "r5")
        "asrs r1, r6, #31\n\t" /* signs differ */
        "eors r4, r1\n\t"
        "subs r4, r4, r1\n\t"
        "adds r0, r0, r4\n\t"
        IF_NOT_ZERO("r4", "r0") /* zero is negative if both operands are */
        "ands r2, r4\n\t"
        "bics r6, r4\n\t"
        "mov r3, r12\n\t"
        "bics r3, r6\n\t"
        "movs r6, r3\n\t"
        LEADING_ZEROS("r0")
        "subs r4, r3, r2\n\t" /* at most the exponent: subnormal */
        "asrs r5, r4, #31\n\t"
        "ands r4, r5\n\t"
        "adds r3, r2, r4\n\t"
        "lsls r0, r3\n\t"
        "subs r2, r2, r3\n\t"
        "movs r1, r0\n\t"
        ROUND_AND_PACK
        SIGN_AND_RETURN
        "9:\tbl add_special\n\t"
        "pop {r4, r5, r6, pc}\n\t"
        LITERALS);
}

__attribute__((naked)) uint32_t __aeabi_fmul(uint32_t a __attribute__((unused)), uint32_t b __attribute__((unused)))
{
    __asm__ volatile(
        "push {r4, r5, r6, lr}\n\t"
        "movs r6, r0\n\t"
        "eors r6, r1\n\t"
        EXPONENTS
        "cmp r2, #255\n\t"
        "beq 9f\n\t"
        "cmp r3, #255\n\t"
        "bne 1f\n\t"
        "9:\tbl multiply_special\n\t"
        "pop {r4, r5, r6, pc}\n"
        "1:\n\t"
        FRACTION("r0", "r2")
        FRACTION("r1", "r3")
        "adds r2, r2, r3\n\t"
        "subs r4, r0, r1\n\t" /* r1: the smaller fraction; if both are subnormal, the product rounds to zero anyway */
        "sbcs r4, r4\n\t"
        "movs r3, r0\n\t"
        "eors r3, r1\n\t"
        "ands r3, r4\n\t"
        "eors r0, r3\n\t"
        "eors r1, r3\n\t"
        LEADING_ZEROS("r1")
        "lsls r1, r3\n\t"
        "subs r2, r2, r3\n\t"
        "lsrs r3, r0, #24\n\t" /* halves of 8 and 16 bits */
        "lsls r0, r0, #8\n\t"
        "lsrs r0, r0, #16\n\t"
        "lsrs r4, r1, #24\n\t"
        "lsls r1, r1, #8\n\t"
        "lsrs r1, r1, #16\n\t"
        "movs r5, r0\n\t"
        "muls r5, r1\n\t"
        "muls r0, r4\n\t"
        "muls r1, r3\n\t"
        "muls r3, r4\n\t"
        "adds r0, r0, r1\n\t"
        "lsls r3, r3, #16\n\t"
        "adds r0, r0, r3\n\t"
        "lsrs r1, r5, #16\n\t"
        "adds r0, r0, r1\n\t"
        "lsls r5, r5, #16\n\t"
        IF_NOT_ZERO("r5", "r5")
        "lsrs r5, r5, #31\n\t"
        "orrs r0, r5\n\t"
        "subs r2, #127\n\t"
        "lsrs r3, r0, #31\n\t"
        "movs r4, #1\n\t"
        "subs r4, r4, r3\n\t"
        "lsls r0, r4\n\t"
        "subs r2, r2, r4\n\t"
        IF_NOT_ZERO("r3", "r0")
        "ands r2, r3\n\t"
        "asrs r3, r2, #31\n\t" /* how far subnormal results move down */
        "rsbs r4, r2, #0\n\t"
        "ands r4, r3\n\t"
        "bics r2, r3\n\t"
        SHIFT_STICKY("r1", "r0", "r4", "r3")
        ROUND_AND_PACK
        SIGN_AND_RETURN
        LITERALS);
}
#endif
