# STM32F446RE: starts from its 16 MHz oscillator with 0 wait states (RM0390: 0 up to 30 MHz at 2.7 to 3.6 V).
set(CORE cortex-m4)
set(CPU cortex-m4)
set(FLASH_ADDRESS 0x08000000)
set(FLASH_BYTES 512K)
set(RAM_ADDRESS 0x20000000)
set(RAM_BYTES 128K)
