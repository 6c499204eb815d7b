"""Ctrl-C that cannot get lost: Python drops a KeyboardInterrupt that falls into a finalizer or a native callback."""

from __future__ import annotations

import signal
import threading
from types import FrameType

_asked = threading.Event()


def watch() -> None:
    """From now on remember SIGINT, too, beside raising KeyboardInterrupt. Only the main thread may call it."""
    _asked.clear()
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, _on_signal)


def check() -> None:
    """Raise KeyboardInterrupt if it was asked for and has not ended the program; called between pieces of work."""
    if _asked.is_set():
        raise KeyboardInterrupt


def _on_signal(number: int, frame: FrameType | None) -> None:
    _asked.set()
    signal.default_int_handler(number, frame)
