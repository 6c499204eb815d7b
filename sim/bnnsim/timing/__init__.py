"""Timing: price a trace with a core's table."""

from bnnsim.cache import set_numba_cache

set_numba_cache()
