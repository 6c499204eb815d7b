"""Extensions of other packages: found by metadata, loaded by name, broken or clashing ones reported and left out."""

import json

import pytest

from bnnsim import paths
from bnnsim.cli.main import main
from bnnsim.errors import ExtensionError, UsageError
from bnnsim.isa import load_extension, load_isa, loader
from bnnsim.plugins import GROUP, plugin_names
from tests.isa.test_loader import GOOD

TEXT = GOOD.replace("OP", "7")


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Put a package into a site folder of its own: install("acme", {"mine": "acme_ext"}, {"acme_ext.py": TEXT})."""
    loader._warn.cache_clear()

    def made(package, entries, files):
        folder = tmp_path / package
        for name, text in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text)
        metadata = folder / f"{package}-1.0.dist-info"
        metadata.mkdir(parents=True)
        (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
        lines = "".join(f"{name} = {value}\n" for name, value in entries.items())
        (metadata / "entry_points.txt").write_text(f"[{GROUP}]\n{lines}")
        monkeypatch.syspath_prepend(str(folder))
        return folder

    return made


def test_a_module(install):
    folder = install("acme_a", {"mine": "acme_a_ext"}, {"acme_a_ext.py": TEXT})
    assert "mine" in plugin_names() and "mine" in paths.names("extension")
    assert "mine" not in paths.own_names("extension")
    assert paths.find("extension", "mine") == folder / "acme_a_ext.py"
    isa = load_isa("popcnt+mine")
    assert isa.name == "popcnt+mine"
    assert [i.name for i in isa.instructions] == ["popc", "twice"]
    as_file = load_extension(str(folder / "acme_a_ext.py"))
    assert load_extension("mine").digest == as_file.digest
    assert load_extension("mine").path == as_file.path


def test_an_extension_inside_a_package_that_imports_its_own_modules(install):
    files = {
        "acme_b/__init__.py": "",
        "acme_b/words.py": "OP = 7\n",
        "acme_b/unit.py": TEXT.replace("op=7", "op=OP").replace("\nfrom", "\nfrom .words import OP\nfrom", 1),
        "acme_b/all.py": "from .unit import mine\nfrom bnnsim.isa import Extension\nempty = Extension('empty', 'x')\n",
    }
    folder = install("acme_b", {"mine": "acme_b.all:mine"}, files)
    extension = load_extension("mine")
    assert extension.instructions[0].encoding.op == 7
    assert extension.path == str(folder / "acme_b" / "unit.py")
    before = extension.digest
    with (folder / "acme_b" / "unit.py").open("a") as file:
        file.write("# changed\n")
    assert load_extension("mine").digest != before


def test_a_file(install):
    files = {"acme_c/__init__.py": "FILE = 'isa/mine.py'\n", "acme_c/isa/mine.py": TEXT}
    folder = install("acme_c", {"mine": "acme_c:FILE"}, files)
    assert load_extension("mine").path == str(folder / "acme_c" / "isa" / "mine.py")


BROKEN = {
    "no module": ("gone", {}, "there is no module 'gone'"),
    "no entry point": ("not a module!", {}, "expected the entry point module or module:object"),
    "no parent": ("gone.deeper", {}, "No module named 'gone'"),
    "no attribute": ("acme_x0:nothing", {"acme_x0.py": TEXT}, "no attribute 'nothing'"),
    "no extension": ("acme_x1:mine", {"acme_x1.py": "mine = 5"}, "found int; expected a module, an Extension or"),
    "none in it": ("acme_x2", {"acme_x2.py": "x = 5"}, "acme_x2.py: found 0 Extension objects"),
    "no file": ("acme_x3:FILE", {"acme_x3.py": "FILE = 'gone.py'"}, "No such file or directory"),
    "another name": ("acme_x4", {"acme_x4.py": TEXT.replace('"mine"', '"yours"')}, "the extension is called 'yours'"),
    "raises": ("acme_x5", {"acme_x5.py": "\n\nraise OSError('no licence')"}, "acme_x5.py:3: OSError: no licence"),
    "exits": ("acme_x6", {"acme_x6.py": "import sys\nsys.exit(3)"}, "acme_x6.py:2: SystemExit: 3"),
    "syntax": ("acme_x7", {"acme_x7.py": "def ("}, "acme_x7.py:1: SyntaxError"),
    "parent raises": ("acme_x8.sub", {"acme_x8/__init__.py": "1 / 0", "acme_x8/sub.py": TEXT}, "ZeroDivisionError"),
    "wrong vector": ("acme_x9", {"acme_x9.py": TEXT.replace("6)]", "7)]")}, "acme_x9.py:4: test vector twice(0x3) "),
    "wrong op": ("acme_x10", {"acme_x10.py": TEXT.replace("op=7", "op=99")}, "acme_x10.py:4: CX2(op=99): allowed are"),
}  # fmt: skip


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_one_is_reported_and_left_out(install, capsys, case):
    value, files, why = BROKEN[case]
    install("acme", {"mine": value}, files)
    install("fine", {"fine": "acme_fine"}, {"acme_fine.py": TEXT.replace('"mine"', '"fine"')})
    for _ in range(2):
        usable = loader.loadable()
        assert "fine" in usable and "popcnt" in usable and "mine" not in usable
    printed = capsys.readouterr().err
    assert printed.count("warning: ") == 1
    assert f"warning: extension 'mine' of package acme ({value}): " in printed
    assert why in printed
    with pytest.raises(UsageError) as caught:
        load_isa("popcnt+mine")
    assert f"extension 'mine' of package acme ({value})" in str(caught.value) and why in str(caught.value)


def test_ours_come_first_and_the_clash_names_both(install, capsys):
    text = TEXT.replace('"mine"', '"popcnt"')
    install("acme", {"popcnt": "acme_popcnt"}, {"acme_popcnt.py": text})
    assert paths.names("extension").count("popcnt") == 1
    assert load_extension("popcnt").instructions[0].name == "popc"
    warning = capsys.readouterr().err
    assert "warning: extension 'popcnt' of package acme (acme_popcnt) has the name of " in warning
    assert "popcnt.py, which is used; it is left out" in warning


def test_two_packages_with_one_name_are_both_named(install, capsys):
    install("acme", {"mine": "acme_one"}, {"acme_one.py": TEXT})
    install("ajax", {"mine": "ajax_one"}, {"ajax_one.py": TEXT})
    with pytest.raises(ExtensionError, match=r"'mine' is declared by ajax \(ajax_one\) and acme \(acme_one\)"):
        load_extension("mine")
    assert "mine" not in loader.loadable()
    assert "declared by ajax (ajax_one) and acme (acme_one)" in capsys.readouterr().err


def test_the_command_line_lists_and_names_them(install, capsys):
    install("acme", {"mine": "acme_listed", "bad": "acme_gone"}, {"acme_listed.py": TEXT})
    assert main(["list", "extensions", "--json"]) == 0
    listed = {item["name"]: item for item in json.loads(capsys.readouterr().out)["extensions"]}
    assert listed["mine"]["instructions"][0]["name"] == "twice"
    assert "package acme (acme_gone): there is no module 'acme_gone'" in listed["bad"]["broken"]
    assert main(["compare", "--isa", "bade", "--core", "cortex-m4"]) == 2
    assert "did you mean 'bad'" in capsys.readouterr().err
    assert main(["compare", "--isa", "bad", "--core", "cortex-m4"]) == 2
    assert "package acme (acme_gone): there is no module" in capsys.readouterr().err


def test_completion_knows_them_without_importing_them(install):
    from bnnsim.cli.options import Names

    install("acme", {"mine": "acme_raises"}, {"acme_raises.py": "raise OSError"})
    found = Names("extension").shell_complete(None, None, "popcnt,mi")
    assert [item.value for item in found] == ["popcnt,mine"]
