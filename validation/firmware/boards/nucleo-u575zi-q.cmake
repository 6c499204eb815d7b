# STM32U575ZI: starts at 4 MHz with 0 wait states and its instruction cache off (RM0456).
set(CORE cortex-m33)
set(CPU cortex-m33)
set(FLASH_ADDRESS 0x08000000)
set(FLASH_BYTES 2M)
set(RAM_ADDRESS 0x20000000)
set(RAM_BYTES 192K)
