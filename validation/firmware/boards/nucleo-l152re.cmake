# STM32L152RE: starts at 2.1 MHz with 0 wait states (RM0038).
set(CORE cortex-m3)
set(CPU cortex-m3)
set(FLASH_ADDRESS 0x08000000)
set(FLASH_BYTES 512K)
set(RAM_ADDRESS 0x20000000)
set(RAM_BYTES 80K)
