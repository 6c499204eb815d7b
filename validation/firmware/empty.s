@ What calling a function costs, measured and subtracted.
        .syntax unified
        .thumb
        .section .text.empty, "ax", %progbits
        .balign 16
        .global empty
        .type   empty, %function
        .thumb_func
empty:
        bx      lr
        .size   empty, . - empty
