"""Timing of any bare-metal ELF file: memory around it, what to run, and what it took."""
