"""`bnnsim new extension`: templates of every form that are right, and names that cannot be."""

from __future__ import annotations

import pytest

from bnnsim.bench.extension_template import free_encoding, template
from bnnsim.cli.main import main
from bnnsim.errors import UsageError
from bnnsim.isa import load_extension
from bnnsim.isa.encoding import FORMS
from bnnsim.isa.inspect import known_extensions


@pytest.mark.parametrize("form", FORMS)
def test_templates_of_all_forms_load(tmp_path, form):
    path = tmp_path / "mine.py"
    path.write_text(template("mine", form))
    extension = load_extension(str(path))
    (instruction,) = extension.instructions
    assert (extension.name, instruction.name, instruction.encoding.form.name) == ("mine", "mine", form)
    assert len(instruction.vectors) >= 4 and instruction.doc and extension.origin
    taken = [i.encoding for e in known_extensions() for i in e.instructions]
    assert not any(instruction.encoding.overlaps(other) for other in taken)
    assert max(map(len, path.read_text().splitlines())) <= 120


@pytest.mark.parametrize("form", ["CX3A", "CX1D", "VCX2A", "CDP", "MRRC", "LDC", "STC"])
def test_a_template_passes_its_check_at_once(tmp_path, monkeypatch, capsys, form):
    monkeypatch.chdir(tmp_path)
    assert main(["new", "extension", f"mine_{form.lower()}", "--form", form]) == 0
    assert f"next: bnnsim check ./mine_{form.lower()}.py" in capsys.readouterr().out
    assert main(["check", f"./mine_{form.lower()}.py", "--toolchain", "clang"]) == 0
    out, err = capsys.readouterr()
    assert "fail" not in out and "warning" not in out + err


def test_one_number_is_not_for_both_kinds():
    encodings = [i.encoding for e in known_extensions() for i in e.instructions]
    datapaths = {encoding.coprocessor for encoding in encodings if encoding.form.owner == "CDE"}
    assert 0 in datapaths and free_encoding(FORMS["LDC"]).coprocessor not in datapaths


def test_no_encoding_left(monkeypatch):
    class Everything:
        coprocessor, form = 0, FORMS["CX3A"]

    class Full:
        instructions = (type("I", (), {"encoding": Everything})(),)

    monkeypatch.setattr("bnnsim.bench.extension_template.known_extensions", lambda: (Full,))
    monkeypatch.setattr("bnnsim.isa.encoding.Encoding.overlaps", lambda *_: True)
    with pytest.raises(UsageError, match="use every encoding of CX3A"):
        free_encoding(FORMS["CX3A"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["My-Ext"], "small letters"),
        (["int"], "cannot be a C intrinsic's name"),
        (["class"], "cannot be a C intrinsic's name"),
        (["base"], "core's own instruction set"),
        (["extension"], "which the file itself uses"),
        (["popcnt"], "there is an extension 'popcnt'"),
        (["popc"], "extension popcnt has an instruction 'popc'"),
        (["mine", "--form", "CX9"], "found 'CX9'; allowed: CX1,"),
        (["there"], "--force overwrites it"),
        (["a" * 300], "found a name of 300 letters"),
        (["numpy"], "would hide Python's module 'numpy'"),
        (["random"], "would hide Python's module 'random'"),
        (["bnnsim_x"], "isa.h itself has the names that begin with bnnsim_"),
    ],
)
def test_wrong_usage(tmp_path, monkeypatch, capsys, arguments, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there.py").write_text("")
    assert main(["new", "extension", *arguments]) == 2
    assert message in capsys.readouterr().err
    assert [p.name for p in tmp_path.iterdir()] == ["there.py"]


def test_a_form_in_small_letters(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["new", "extension", "mine", "--form", "cx2"]) == 0
    assert load_extension("./mine.py").instructions[0].encoding.form.name == "CX2"


def test_force(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text("")
    assert main(["new", "extension", "mine", "--force"]) == 0
    assert load_extension("./mine.py").name == "mine"


def test_a_folder_that_cannot_be_written(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").mkdir()
    assert main(["new", "extension", "mine", "--force"]) == 2
    assert "cannot write mine.py" in capsys.readouterr().err
