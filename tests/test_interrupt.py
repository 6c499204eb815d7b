"""Ctrl-C that Python drops is raised at the next piece of work."""

import os
import signal

import pytest

from bnnsim import interrupt


class Swallows:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGINT)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_dropped_interrupt_is_raised_later():
    before = signal.getsignal(signal.SIGINT)
    try:
        interrupt.watch()
        interrupt.check()
        Swallows()  # its finalizer meets the signal, and what it raises is dropped
        with pytest.raises(KeyboardInterrupt):
            interrupt.check()
        interrupt.watch()
        interrupt.check()
    finally:
        signal.signal(signal.SIGINT, before)
