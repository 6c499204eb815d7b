"""Emulation: run an image under native hooks and leave a trace."""

from bnnsim.cache import set_numba_cache

set_numba_cache()
