"""Content-addressed files on disk: written whole or not at all, checked when read, safe to share.

An entry is a header line with the SHA-256 of its kind, key and payload, then the payload. It is written
to a temporary file and renamed, so two processes may write the same entry and nobody reads half of one.
An entry that does not check (truncated, corrupt, under a foreign name) is made again. Numba's own files,
whose loader trusts them, are checked against a list of their hashes before Numba sees them.
"""

from __future__ import annotations

import atexit
import contextlib
import hashlib
import os
import shutil
import sys
import tempfile
from pathlib import Path

from bnnsim import paths

_MAGIC = b"bnnsim-cache-2 "
_NUMBA = "numba"
_LIST_KEY = "hashes"


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


def _header(kind: str, key: str, payload: bytes) -> bytes:
    return _MAGIC + digest(kind, key, payload).encode()


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
        return payload if header == _header(kind, key, payload) else None

    def put(self, kind: str, key: str, payload: bytes) -> None:
        """Store an entry; without a writable cache folder the run goes on uncached."""
        if not self._writable:
            return
        try:
            write_atomically(self.path(kind, key), _header(kind, key, payload) + b"\n" + payload)
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
    folder = paths.cache_root() / _NUMBA
    try:
        folder.mkdir(parents=True, exist_ok=True)
        usable = os.access(folder, os.W_OK)
    except OSError:
        usable = False
    if not usable:
        folder = Path(tempfile.mkdtemp(prefix="bnnsim-numba-"))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
    else:
        drop_unlisted(folder)
        atexit.register(list_files, folder)
    os.environ["NUMBA_CACHE_DIR"] = str(folder)


def drop_unlisted(folder: Path) -> None:
    """Delete what `list_files` did not list with the same content: corrupt, foreign or of a killed process."""
    cache = Cache(folder.parent)
    known = set((cache.get(_NUMBA + "-list", _LIST_KEY) or b"").decode("ascii", "replace").splitlines())
    for path, line in _listed(folder).items():
        if line not in known:
            with contextlib.suppress(OSError):
                path.unlink()


def list_files(folder: Path) -> None:
    """Store the hashes of a folder's files in the cache beside it."""
    cache, text = Cache(folder.parent), "\n".join(sorted(_listed(folder).values())).encode()
    if cache.get(_NUMBA + "-list", _LIST_KEY) != text:
        cache.put(_NUMBA + "-list", _LIST_KEY, text)


def _listed(folder: Path) -> dict[Path, str]:
    found = {}
    for path in folder.rglob("*.nb[ic]"):  # not what another process is just writing under another name
        with contextlib.suppress(OSError):
            found[path] = digest(path.relative_to(folder).as_posix(), path.read_bytes())
    return found
