# STM32L073RZ: starts at 2.1 MHz with 0 wait states (RM0367).
set(CORE cortex-m0plus)
set(CPU cortex-m0plus)
set(FLASH_ADDRESS 0x08000000)
set(FLASH_BYTES 192K)
set(RAM_ADDRESS 0x20000000)
set(RAM_BYTES 20K)
