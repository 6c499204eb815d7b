"""Cache entries: whole or absent, checked when read, never fatal."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bnnsim.cache import Cache, digest, drop_unlisted, list_files, write_atomically

SIM = str(Path(__file__).resolve().parents[1] / "sim")


def test_round_trip_and_absence(tmp_path):
    cache = Cache(tmp_path)
    assert cache.get("kind", "k" * 64) is None
    cache.put("kind", "k" * 64, b"payload\nwith lines")
    assert cache.get("kind", "k" * 64) == b"payload\nwith lines"
    assert Cache(tmp_path).get("kind", "k" * 64) == b"payload\nwith lines"


def test_damaged_entries_are_absent(tmp_path):
    cache = Cache(tmp_path)
    cache.put("kind", "key", b"payload")
    path = cache.path("kind", "key")
    whole = path.read_bytes()
    for damaged in (b"", whole[:-1], whole + b"x", b"foreign", whole.replace(b"payload", b"Payload")):
        path.write_bytes(damaged)
        assert cache.get("kind", "key") is None
    path.write_bytes(whole)
    assert cache.get("kind", "key") == b"payload"


def test_unwritable_folder_warns_once(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    cache = Cache(tmp_path / "file" / "sub")
    cache.put("kind", "key", b"1")
    cache.put("kind", "other", b"2")
    assert capsys.readouterr().err.count("warning:") == 1
    assert cache.get("kind", "key") is None


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "f"
    write_atomically(path, b"old")

    def fail(*_):
        raise OSError("full")

    monkeypatch.setattr("os.replace", fail)
    with pytest.raises(OSError, match="full"):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@given(st.lists(st.binary(max_size=4), max_size=4), st.lists(st.binary(max_size=4), max_size=4))
def test_digest_tells_part_lists_apart(one, two):
    assert (digest(*one) == digest(*two)) == (one == two)


def test_an_entry_under_a_foreign_name_is_absent(tmp_path):
    cache = Cache(tmp_path)
    cache.put("kind", "key", b"payload")
    for kind, key in (("kind", "other"), ("sort", "key")):
        cache.path(kind, key).parent.mkdir(parents=True, exist_ok=True)
        cache.path(kind, key).write_bytes(cache.path("kind", "key").read_bytes())
        assert cache.get(kind, key) is None


def test_numba_files_are_kept_only_as_they_were_listed(tmp_path):
    folder = tmp_path / "numba"
    files = [folder / "module_1" / name for name in ("kept.nbi", "cut.nbc", "foreign.nbi", "being.nbi.tmp.1")]
    files[0].parent.mkdir(parents=True)
    for file in (files[0], files[1], files[3]):
        file.write_bytes(b"compiled")
    list_files(folder)
    files[1].write_bytes(b"comp")
    files[2].write_bytes(b"compiled")
    drop_unlisted(folder)
    assert [file.exists() for file in files] == [True, False, False, True]
    Cache(tmp_path).path("numba-list", "hashes").write_bytes(b"\xff")
    drop_unlisted(folder)
    assert not files[0].exists()


@pytest.mark.parametrize("content", [b"", b"no pickle"])
def test_corrupt_numba_files_are_made_again(tmp_path, content):
    environment = {key: value for key, value in os.environ.items() if key != "NUMBA_CACHE_DIR"}
    environment |= {"BNNSIM_CACHE": str(tmp_path), "PYTHONPATH": SIM}
    code = "import bnnsim.emulate, bnnsim.emulate.probes; print('fine')"
    for _ in range(2):
        done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
        assert done.stdout == "fine\n", done.stderr
        files = list((tmp_path / "numba").rglob("*.nb[ic]"))
        assert files and all(file.read_bytes() != content for file in files)
        for file in files:
            file.write_bytes(content)
