"""Content-addressed files on disk: written whole or not at all, checked when read, safe to share.

An entry is a header line with the SHA-256 of its payload, then the payload. It is written to a
temporary file and renamed, so two processes may write the same entry and nobody reads half of one.
An entry that does not check (truncated, corrupt, foreign) is dropped and made again.
"""

from __future__ import annotations

import atexit
import hashlib
import os
import shutil
import sys
import tempfile
from pathlib import Path

from bnnsim import paths

_MAGIC = b"bnnsim-cache-1 "


def digest(*parts: bytes | str) -> str:
    """SHA-256 over length-prefixed parts, so that no two part lists collide by concatenation."""
    state = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        state.update(len(data).to_bytes(8, "little"))
        state.update(data)
    return state.hexdigest()


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file so that readers see the old content or the new one, never a part. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


class Cache:
    """The cache folder; `folder` is created on first use. An unwritable one is reported once and bypassed."""

    def __init__(self, folder: Path | None = None):
        self.folder = folder or paths.cache_root()
        self._writable = True

    def path(self, kind: str, key: str) -> Path:
        """File of an entry; `kind` names the stage (object, image, trace, timing)."""
        return self.folder / kind / key[:2] / key

    def get(self, kind: str, key: str) -> bytes | None:
        """Return an entry's payload, or None if it is absent or does not check."""
        path = self.path(kind, key)
        try:
            data = path.read_bytes()
        except OSError:
            return None
        header, _, payload = data.partition(b"\n")
        if header == _MAGIC + hashlib.sha256(payload).hexdigest().encode():
            return payload
        return None

    def put(self, kind: str, key: str, payload: bytes) -> None:
        """Store an entry; without a writable cache folder the run goes on uncached."""
        if not self._writable:
            return
        header = _MAGIC + hashlib.sha256(payload).hexdigest().encode() + b"\n"
        try:
            write_atomically(self.path(kind, key), header + payload)
        except OSError as error:
            self._writable = False
            print(
                f"warning: cache {self.folder} is not writable ({error.strerror}); going on without it. "
                "Set BNNSIM_CACHE to a folder you can write.",
                file=sys.stderr,
            )


def set_numba_cache() -> None:
    """Point Numba's cache into ours (a temporary folder if that is unwritable); call before importing numba."""
    if "NUMBA_CACHE_DIR" in os.environ:
        return
    folder = paths.cache_root() / "numba"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        usable = os.access(folder, os.W_OK)
    except OSError:
        usable = False
    if not usable:
        folder = Path(tempfile.mkdtemp(prefix="bnnsim-numba-"))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
    os.environ["NUMBA_CACHE_DIR"] = str(folder)
