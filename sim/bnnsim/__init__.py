"""bnnsim: what would one more instruction do for binarized neural networks on a microcontroller?"""

__version__ = "0.1.0"
