"""What the README shows is what the code does."""

import re

import pytest
import yaml

from bnnsim.paths import data_root
from bnnsim.report.lines import bound
from bnnsim.study.config import load_study, make_study
from bnnsim.study.run import run_study
from tests.conftest import REPOSITORY


@pytest.fixture(scope="module")
def readme():
    return (REPOSITORY / "README.md").read_text()


def test_the_extension_shown_is_complete_short_and_faster(readme, tmp_path):
    text = re.search(r"```python\n(.*?)```", readme, re.DOTALL)[1]
    assert len(text.splitlines()) < 25
    (tmp_path / "my_ext.py").write_text(text)
    comparison = run_study(make_study({"isa": ["base", "popcnt", str(tmp_path / "my_ext.py")]}))
    assert comparison.failures == ()
    base, popcnt, mine = comparison.cells
    assert mine.isa == "my_ext"
    assert mine.cycles < popcnt.cycles < base.cycles


def test_the_experiment_shown_is_the_one_we_ship(readme):
    shown = yaml.safe_load(re.search(r"```yaml\n(.*?)```", readme, re.DOTALL)[1])
    shipped = yaml.safe_load((data_root() / "experiments" / "popcount-on-m4.yaml").read_text())
    assert {key: shipped.get(key, value) for key, value in shown.items()} == shown


def test_the_summary_is_what_compare_gives(readme):
    cells = run_study(make_study({})).cells
    for cell in cells:
        row = next(line for line in readme.splitlines() if line.startswith(f"| {cell.isa} |"))
        assert f"| {cell.cycles:,} |" in row
        assert f"| {cell.speedup:.2f}× | {cell.speedup_over_faithful:.2f}× |" in row


CORES = ("cortex-m0plus", "cortex-m3", "cortex-m33", "cortex-m7")
BOARDS = {"stm32f407": "cortex-m4", "stm32f746": "cortex-m7"}


def test_the_table_of_cores_and_boards_is_what_compare_gives(readme):
    on_cores = run_study(make_study({"cores": list(CORES)})).cells
    on_boards = run_study(make_study({"cores": sorted(BOARDS.values()), "boards": list(BOARDS)})).cells
    found = {}
    for cell in (*on_cores, *on_boards):
        found.setdefault((cell.core, cell.board), []).append(cell)
    rows = {}
    for line in re.findall(r"^\| (?:Cortex|STM32).*", readme, re.MULTILINE):
        name, *values = (part.strip() for part in line.strip("|").split("|"))
        rows[re.split(",| at ", name)[0].lower().replace("m0+", "m0plus")] = values
    assert set(rows) == {*CORES, *BOARDS}
    for (core, board), (base, popcnt) in found.items():
        values = [part for c in (base, popcnt) for part in (f"{c.cycles:,}", f"{c.milliseconds:.2f}")]
        values.append(f"{popcnt.speedup:.2f}×")
        assert rows[core if board == "zero-wait" else board] == values


def catalogue_row(cell):
    layers = {layer.name: f"{layer.cycles:,} ({layer.variant})" for layer in cell.layers}
    most = f"{bound(cell.bound)}" if cell.touched else "–"
    columns = [f"`{cell.isa}`", f"{cell.cycles:,}", f"{cell.speedup:.2f}×", most]
    return f"| {' | '.join([*columns, *(layers[name] for name in ('conv1', 'conv2', 'conv3'))])} |"


def test_the_catalogue_is_what_its_experiment_gives(readme):
    comparison = run_study(load_study("extensions-on-m4"))
    assert comparison.failures == ()
    shown = re.findall(r"^\| `.*", readme, re.MULTILINE)[: len(comparison.cells)]
    assert shown == [catalogue_row(cell) for cell in comparison.cells]
