"""Kernels one at a time: are their outputs right, what do they cost, how much memory do they take."""
