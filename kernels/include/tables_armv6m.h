/* The two assembly routines of tables.h for Armv6-M: low registers, two operands, LDM and STM in place of
 * single loads and stores (1 + N cycles on a Cortex-M0+, against 2 each).
 */
#ifndef BNN_TABLES_ARMV6M_H
#define BNN_TABLES_ARMV6M_H

#define T_SAVE_HIGH_REGISTERS                                    \
    "push {r4-r7, lr}\n\t"                                       \
    "mov r4, r8\n\tmov r5, r9\n\tmov r6, r10\n\tmov r7, r11\n\t" \
    "push {r4-r7}\n\t"
#define T_RESTORE_AND_RETURN                                     \
    "pop {r4-r7}\n\t"                                            \
    "mov r8, r4\n\tmov r9, r5\n\tmov r10, r6\n\tmov r11, r7\n\t" \
    "pop {r4-r7, pc}"

/* r6, r7 = x or its complement's twos and fours of one entry; r2 ones, r3 to r5 what the row adds to them. */
#define T_STORE_ENTRY(pattern)                 \
    "str r2, [r0, #16 * " #pattern "]\n\t"     \
    "str r6, [r0, #16 * " #pattern " + 4]\n\t" \
    "str r7, [r0, #16 * " #pattern " + 8]\n\t"
#define T_EVEN_ENTRY(pattern, x) \
    "mov r6, " #x "\n\tmov r7, r6\n\tands r7, r4\n\torrs r7, r5\n\teors r6, r3\n\t" T_STORE_ENTRY(pattern)
#define T_ODD_ENTRY(pattern, x) \
    "mov r6, " #x "\n\tmov r7, r4\n\tbics r7, r6\n\torrs r7, r5\n\teors r6, r3\n\t" T_STORE_ENTRY(pattern)

/* As bnn_write_rows of the other cores: r8 to r11 the twos of the low channels, r12 their ones, lr the end. */
#define T_WRITE_ROWS_BODY                                                                          \
    __asm__ volatile(                                                                              \
        T_SAVE_HIGH_REGISTERS                                                                      \
        "mov lr, r2\n\t"                                                                           \
        "ldmia r3!, {r2, r4-r7}\n\t"                                                               \
        "mov r12, r2\n\tmov r8, r4\n\tmov r9, r5\n\tmov r10, r6\n\tmov r11, r7\n\t"                \
        ".p2align 3\n"                                                                             \
        "1:\n\t"                                                                                   \
        "ldmia r1!, {r6, r7}\n\t"                                                                  \
        "mov r2, r12\n\tmov r4, r2\n\tands r4, r6\n\teors r2, r6\n\t"                              \
        "mov r3, r4\n\teors r3, r7\n\tmov r5, r4\n\tands r5, r7\n\torrs r4, r7\n\t"                \
        T_EVEN_ENTRY(0, r8) T_EVEN_ENTRY(3, r9) T_EVEN_ENTRY(5, r10) T_EVEN_ENTRY(6, r11)          \
        "subs r1, r1, #8\n\t"                                                                      \
        "ldmia r1!, {r6, r7}\n\t"                                                                  \
        "mvns r2, r2\n\tmov r3, r12\n\tmov r4, r6\n\tbics r4, r3\n\t"                              \
        "mov r3, r4\n\teors r3, r7\n\tmvns r3, r3\n\tmov r5, r4\n\tands r5, r7\n\torrs r4, r7\n\t" \
        T_ODD_ENTRY(7, r8) T_ODD_ENTRY(4, r9) T_ODD_ENTRY(2, r10) T_ODD_ENTRY(1, r11)              \
        "adds r0, r0, #128\n\t"                                                                    \
        "cmp r1, lr\n\t"                                                                           \
        "bne 1b\n\t"                                                                               \
        T_RESTORE_AND_RETURN)

#define T_FULL_ADD(s, x, y)                                                                        \
    "eors " #s ", " #x "\n\teors " #x ", " #y "\n\torrs " #x ", " #s "\n\teors " #s ", " #y "\n\t" \
    "eors " #x ", " #s "\n\t"
#define T_HALF_ADD(s, x) "eors " #s ", " #x "\n\tbics " #x ", " #s "\n\t" /* the carry replaces x */
/* Entry of a middle field of the activation word (r7), by `up` bits to the left, then `down` to the right. */
#define T_ENTRY(p, up, down, table)                                    \
    "lsls " #p ", r7, #" #up "\n\tlsrs " #p ", " #p ", #" #down "\n\t" \
    "lsls " #p ", " #p ", #4\n\tadd " #p ", " #table "\n\t"
#define T_FIRST_ENTRY(p, table) "lsls " #p ", r7, #26\n\tlsrs " #p ", " #p ", #22\n\tadd " #p ", " #table "\n\t"
#define T_LAST_ENTRY(p, table) "lsrs " #p ", r7, #27\n\tlsls " #p ", " #p ", #4\n\tadd " #p ", " #table "\n\t"
/* Two groups' counts, entries at r1 and r4: planes in r1, r2, r3, r6. */
#define T_ADD_TWO_GROUPS                                   \
    "ldmia r1, {r1, r2, r3}\n\tldmia r4, {r4, r5, r6}\n\t" \
    T_HALF_ADD(r1, r4) T_FULL_ADD(r2, r5, r4) T_FULL_ADD(r3, r6, r5)
/* Plane `at` of the counter: x and y are added, the carry replaces x. */
#define T_COUNT(at, x, y) "ldr r7, [r0, #4 * " #at "]\n\t" T_FULL_ADD(r7, x, y) "str r7, [r0, #4 * " #at "]\n\t"

/* As T_COUNT_BODY of the other cores. r8 to r12 and lr are the tables; on the stack: input, step, end. `last`: what
 * becomes of the carry (r5) of plane 10, whose sum is r4; moves r0 to the next pixel. */
#define T_COUNT_BODY_ARMV6M(last)                                                                               \
    __asm__ volatile(                                                                                           \
        T_SAVE_HIGH_REGISTERS                                                                                   \
        "mov r8, r1\n\t"                                                                                        \
        "movs r2, #1\n\tlsls r3, r2, #10\n\tlsls r2, r2, #9\n\t"                                                \
        "adds r1, r1, r3\n\tmov r9, r1\n\tadds r1, r1, r3\n\tmov r10, r1\n\tadds r1, r1, r2\n\tmov r11, r1\n\t" \
        "adds r1, r1, r2\n\tmov r12, r1\n\tadds r1, r1, r2\n\tmov lr, r1\n\t"                                   \
        "ldr r1, [r0]\n\tldr r2, [r0, #8]\n\tldr r3, [r0, #12]\n\tldr r0, [r0, #4]\n\t"                         \
        "push {r1-r3}\n\t"                                                                                      \
        ".p2align 3\n"                                                                                          \
        "1:\n\t"                                                                                                \
        "ldr r1, [sp]\n\tldr r2, [sp, #4]\n\tldr r7, [r1]\n\tadds r1, r1, r2\n\tstr r1, [sp]\n\t"               \
        T_FIRST_ENTRY(r1, r8) T_ENTRY(r4, 20, 26, r9) T_ADD_TWO_GROUPS                                          \
        "push {r1, r2, r3, r6}\n\t"                                                                             \
        T_ENTRY(r1, 15, 27, r10) T_ENTRY(r4, 10, 27, r11) T_ADD_TWO_GROUPS                                      \
        "pop {r4, r5}\n\t" T_HALF_ADD(r1, r4) T_FULL_ADD(r2, r5, r4)                                            \
        "pop {r4}\n\t" T_FULL_ADD(r3, r4, r5)                                                                   \
        "pop {r5}\n\t" T_FULL_ADD(r6, r5, r4)                                                                   \
        "push {r1, r2, r3, r5, r6}\n\t"                                                                         \
        T_ENTRY(r1, 5, 27, r12) T_LAST_ENTRY(r4, lr) T_ADD_TWO_GROUPS                                           \
        "pop {r4, r5, r7}\n\t" T_HALF_ADD(r1, r4) T_FULL_ADD(r2, r5, r4) T_FULL_ADD(r3, r7, r5)                 \
        "pop {r4, r5}\n\t" T_FULL_ADD(r6, r5, r7) T_HALF_ADD(r4, r5)                                            \
        /* the count's planes: r1, r2, r3, r6, r4, r5 */                                                        \
        "ldr r7, [r0, #4]\n\t" T_HALF_ADD(r7, r1) "str r7, [r0, #4]\n\t"                                        \
        T_COUNT(2, r2, r1) T_COUNT(3, r3, r2) T_COUNT(4, r6, r3) T_COUNT(5, r4, r6) T_COUNT(6, r5, r4)          \
        "adds r0, r0, #28\n\t"                                                                                  \
        "ldmia r0!, {r1-r4}\n\t"                                                                                \
        T_HALF_ADD(r1, r5) T_HALF_ADD(r2, r5) T_HALF_ADD(r3, r5) last                                           \
        "ldr r1, [sp, #8]\n\t"                                                                                  \
        "cmp r0, r1\n\t"                                                                                        \
        "beq 2f\n\t"                                                                                            \
        "b 1b\n"                                                                                                \
        "2:\n\t"                                                                                                \
        "add sp, sp, #12\n\t"                                                                                   \
        T_RESTORE_AND_RETURN)
#define T_LAST_OF_FEW "eors r4, r5\n\tsubs r0, r0, #16\n\tstmia r0!, {r1-r4}\n\t"
#define T_LAST_OF_MANY                                                          \
    T_HALF_ADD(r4, r5) "subs r0, r0, #16\n\tstmia r0!, {r1-r4}\n\t"             \
    "ldmia r0!, {r1-r4}\n\t"                                                    \
    T_HALF_ADD(r1, r5) T_HALF_ADD(r2, r5) T_HALF_ADD(r3, r5) T_HALF_ADD(r4, r5) \
    "subs r0, r0, #16\n\tstmia r0!, {r1-r4}\n\t"                                \
    "ldr r1, [r0]\n\teors r1, r5\n\tstmia r0!, {r1}\n\t"
#endif
