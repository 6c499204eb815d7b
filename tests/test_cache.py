"""Cache entries: whole or absent, checked when read, never fatal."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bnnsim.cache import Cache, digest, write_atomically


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
