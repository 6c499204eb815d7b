@ Start of every image: vector table, C start-up, one call of bnn_infer, then a breakpoint for ever.
@ Plain assembler (no preprocessor): GNU as and clang's assembler both take it. Armv6-M, for every core.
        .syntax unified
        .thumb

        .section .vectors, "a", %progbits
        .balign 4
        .global __vectors
        .type   __vectors, %object
__vectors:
        .word   __stack_top             @ initial stack pointer
        .word   Reset_Handler
        .word   NMI_Handler
        .word   HardFault_Handler
        .word   MemManage_Handler
        .word   BusFault_Handler
        .word   UsageFault_Handler
        .word   0, 0, 0, 0              @ reserved by the architecture
        .word   SVC_Handler
        .word   DebugMon_Handler
        .word   0
        .word   PendSV_Handler
        .word   SysTick_Handler
        .size   __vectors, . - __vectors

        .section .text.Reset_Handler, "ax", %progbits
        .balign 16
        .global Reset_Handler
        .type   Reset_Handler, %function
        .thumb_func
Reset_Handler:
        ldr     r0, =__data_start
        ldr     r1, =__data_end
        ldr     r2, =__data_load
        b       .Lcopy_test
.Lcopy:
        ldmia   r2!, {r3}
        stmia   r0!, {r3}
.Lcopy_test:
        cmp     r0, r1
        blo     .Lcopy
        ldr     r0, =__bss_start
        ldr     r1, =__bss_end
        movs    r2, #0
        b       .Lzero_test
.Lzero:
        stmia   r0!, {r2}
.Lzero_test:
        cmp     r0, r1
        blo     .Lzero
        .global bnnsim_begin
        .type   bnnsim_begin, %notype
bnnsim_begin:
        bl      bnn_infer
        .global bnnsim_end
        .type   bnnsim_end, %notype
bnnsim_end:
        bkpt    #0
        b       bnnsim_end
        .ltorg
        .size   Reset_Handler, . - Reset_Handler

        @ No exception is expected: all stop in one place, and a program may define its own handlers.
        .section .text.Default_Handler, "ax", %progbits
        .balign 16
        .global Default_Handler
        .type   Default_Handler, %function
        .thumb_func
Default_Handler:
        bkpt    #1
        b       Default_Handler
        .size   Default_Handler, . - Default_Handler

        .macro  handler name
        .weak   \name
        .thumb_set \name, Default_Handler
        .endm
        handler NMI_Handler
        handler HardFault_Handler
        handler MemManage_Handler
        handler BusFault_Handler
        handler UsageFault_Handler
        handler SVC_Handler
        handler DebugMon_Handler
        handler PendSV_Handler
        handler SysTick_Handler

        .section .note.GNU-stack, "", %progbits
