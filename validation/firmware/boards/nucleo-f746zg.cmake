# STM32F746ZG: starts from its 16 MHz oscillator with 0 wait states (RM0385), code on the AXI bus behind the instruction
# cache, which the firmware switches on, data in DTCM.
set(CORE cortex-m7)
set(CPU cortex-m7)
set(FLASH_ADDRESS 0x08000000)
set(FLASH_BYTES 1M)
set(RAM_ADDRESS 0x20000000)
set(RAM_BYTES 64K)
set(CACHES ON)
