@ Copies n blocks of 16 bytes from the buffer to the buffer + 2 KiB with load and store multiple.
        .syntax unified
        .thumb
        .section .text.copy_words, "ax", %progbits
        .balign 16
        .global copy_words
        .type   copy_words, %function
        .thumb_func
copy_words:
        push    {r4-r7, lr}
        movs    r2, #1
        lsls    r2, r2, #11
        adds    r2, r0, r2
        .balign 8
1:      ldm     r0!, {r4-r7}
        stm     r2!, {r4-r7}
        subs    r1, #1
        bne     1b
        pop     {r4-r7, pc}
        .size   copy_words, . - copy_words
