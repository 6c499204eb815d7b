from bnnsim.bench.case import Case

__all__ = ["Case"]
