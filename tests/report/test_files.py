"""--out: all files, the same bytes in every run, and clear errors for what cannot be written."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bnnsim.errors import UsageError
from bnnsim.report.figure import _bars, _stack, draw
from bnnsim.report.files import check_file, check_folder, write, write_all
from bnnsim.report.lines import groups
from bnnsim.study.results import Comparison
from tests.report.example import comparison


def test_writes_everything_twice_the_same(tmp_path: Path) -> None:
    names = {"results.json", "table.csv", "table.md", "table.tex", "cycles.svg", "cycles.png"}
    assert {path.name for path in write_all(comparison(), tmp_path)} == names
    first = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert set(first) == names, "no temporary files are left"
    write_all(comparison(), tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == first
    assert json.loads(first["results.json"])["schema"] == 1
    assert first["cycles.png"].startswith(b"\x89PNG")


def test_svg_has_no_date_and_every_bar() -> None:
    svg = draw(comparison(cores=("cortex-m4", "cortex-m3")), "svg").decode()
    assert "<dc:date>" not in svg
    # Per core: base and popcnt, each with four parts; plus one legend entry per part.
    for color in ("#0072b2", "#e69f00", "#009e73", "#999999"):
        assert len(re.findall(f"fill: {color}", svg)) == 2 * 2 + 1


def test_long_faithful_bars_are_told_not_drawn() -> None:
    axis = _axis(comparison())
    assert "faithful, base: 12.10, not drawn" in axis.get_xlabel()
    assert [label.get_text() for label in axis.get_yticklabels()] == ["base", "popcnt"]
    ends = {round(bar.get_y() + 0.31): bar.get_x() + bar.get_width() for bar in axis.patches}
    assert ends == pytest.approx({0: 3.782, 1: 2.522})


def _axis(made: Comparison) -> Axes:
    axis = Figure().subplots()
    (cells,) = groups(made)
    _stack(axis, _bars(made, cells), [layer.name for layer in cells[0].layers])
    return axis


def test_only_json_without_cells(tmp_path: Path) -> None:
    assert [path.name for path in write_all(Comparison("n", "base", {}, ()), tmp_path)] == ["results.json"]


def test_folders_are_made_or_refused(tmp_path: Path) -> None:
    check_folder(tmp_path / "a" / "b", "--out")
    assert (tmp_path / "a" / "b").is_dir()
    assert list((tmp_path / "a" / "b").iterdir()) == []
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match=r"^--out: .*/file is a file; expected a folder"):
        check_folder(tmp_path / "file", "--out")
    with pytest.raises(UsageError, match=r"^--out: cannot write to .*: Not a directory"):
        check_folder(tmp_path / "file" / "below", "--out")


def test_files_are_refused(tmp_path: Path) -> None:
    check_file(tmp_path / "new.json", "--json")
    assert not (tmp_path / "new.json").exists()
    with pytest.raises(UsageError, match=r"^--json: .* is a folder; expected a file"):
        check_file(tmp_path, "--json")
    with pytest.raises(UsageError, match=r"^--json: no such folder: .*/nowhere"):
        check_file(tmp_path / "nowhere" / "x.json", "--json")
    with pytest.raises(UsageError, match=r"^cannot write "):
        write(tmp_path, b"")


def test_a_link_keeps_pointing_and_a_pipe_stays_a_pipe(tmp_path: Path) -> None:
    target, link, pipe = tmp_path / "target.json", tmp_path / "link.json", tmp_path / "pipe"
    link.symlink_to(target)
    write(link, b"there")
    assert link.is_symlink() and target.read_bytes() == b"there"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    check_file(pipe, "--json")
    write(pipe, b"through")
    assert os.read(reader, 100) == b"through" and pipe.is_fifo()
    os.close(reader)
