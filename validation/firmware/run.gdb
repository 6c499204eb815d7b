# gdb-multiarch -batch -x run.gdb build/firmware.elf, with OpenOCD (port 3333) or pyOCD's server (target … :3333).
set pagination off
set confirm off
target extended-remote localhost:3333
monitor reset halt
load
monitor reset halt
continue
dump binary value results.bin results
