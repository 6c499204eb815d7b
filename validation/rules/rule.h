@ One loop per rule, called as void f(void *buffer, uint32_t n): n iterations, so that the difference of two
@ runs is the loop alone. In the loop r0 counts down, r2 is the buffer and r4 = r2 + 128; the word at r2 holds
@ the address r4; r1 = 5, r3 = 3, r5 = 8, r6 = 6, r7 = 1. r12 is free. The code is Armv6-M up to the rule itself.
        .syntax unified
        .thumb

        .macro  rule name
        .section .text.\name, "ax", %progbits
        .balign 16
        .global \name
        .type   \name, %function
        .thumb_func
\name:
        push    {r4-r7, lr}
        mov     r2, r0
        mov     r4, r0
        adds    r4, #128
        str     r4, [r2]
        mov     r0, r1
        movs    r1, #5
        movs    r3, #3
        movs    r5, #8
        movs    r6, #6
        movs    r7, #1
        .endm

        @ The loop's head: at a multiple of 8 or, with odd=1, two bytes behind one.
        .macro  iterate odd=0
        .balign 8
        .if     \odd
        nop
        .endif
9:
        .endm

        .macro  done name
        subs    r0, #1
        bne     9b
        pop     {r4-r7, pc}
        .size   \name, . - \name
        .endm
