# STM32L4R5ZI: starts at 4 MHz with 0 wait states (RM0432: 0 up to 20 MHz in range 1).
set(CORE cortex-m4)
set(CPU cortex-m4)
set(FLASH_ADDRESS 0x08000000)
set(FLASH_BYTES 2M)
set(RAM_ADDRESS 0x20000000)
set(RAM_BYTES 192K)
