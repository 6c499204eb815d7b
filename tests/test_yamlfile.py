"""yamlfile: every problem at once, each with file, line, key path, what was found and what is allowed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, field_validator

from bnnsim.errors import ConfigError
from bnnsim.yamlfile import key_path, load_yaml, parse_yaml
from bnnsim.yamlwords import Problems

_STRICT = ConfigDict(extra="forbid", frozen=True)


class Conv(BaseModel):
    model_config = _STRICT
    operator: Literal["conv", "dense"]
    kernel: Annotated[tuple[int, int], BeforeValidator(lambda v: (v, v) if isinstance(v, int) else v)] = (
        1,
        1,
    )
    stride: int = Field(1, ge=1)


class Pool(BaseModel):
    model_config = _STRICT
    operator: Literal["pool"]
    size: int


class Model(BaseModel):
    model_config = _STRICT
    name: str
    layers: tuple[Annotated[Conv | Pool, Field(discriminator="operator")], ...] = ()
    costs: Mapping[str, int | Literal["free"]] = {}
    factor: float = 1.0
    real: bool = False
    even: int | None = None
    files: tuple[str, ...] = ()

    @field_validator("even")
    @classmethod
    def _even(cls, value: int) -> int:
        if value % 2:
            raise ValueError(f"found {value}; expected an even number")
        return value

    @field_validator("files")
    @classmethod
    def _exist(cls, files: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        folder = (info.context or {})["folder"]
        missing = [((n,), f"no file {f}") for n, f in enumerate(files) if not (folder / f).exists()]
        if missing:
            raise Problems(missing)
        return files


def problems(text: str) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        parse_yaml(text, Model, where="x.yaml")
    return caught.value.problems


def test_reads_core_schema_scalars() -> None:
    text = """
name: no
layers:
  - {operator: conv, kernel: [3, 5]}
  - {operator: dense, kernel: 3}
  - operator: pool
    size: 0x10
costs: {a: 1_000, b: free}
factor: 1e3
real: true
even: -0b10
"""
    model = parse_yaml(text, Model, where="x.yaml")
    assert model.name == "no"
    assert model.layers == (
        Conv(operator="conv", kernel=(3, 5)),
        Conv(operator="dense", kernel=(3, 3)),
        Pool(operator="pool", size=16),
    )
    assert (model.costs, model.factor, model.real, model.even) == ({"a": 1000, "b": "free"}, 1000.0, True, -2)


def test_reports_every_problem_in_order_of_lines() -> None:
    text = """nam: 3
layers:
  - {operator: conv, stride: '1', kernal: [3, 3]}
  - operator: poool
    size: 1
  - operator: pool
    siz: 3
factor: true
costs: {a: 1.5, b: fre}
even: 3
factor: 2
7: x
"""
    assert problems(text) == (
        "x.yaml:1: missing key 'name'",
        "x.yaml:1: nam: unknown key 'nam'; allowed: name, layers, costs, factor, real, even, files; "
        "did you mean 'name'?",
        "x.yaml:3: layers[0].stride: found '1' (text); expected an integer",
        "x.yaml:3: layers[0].kernal: unknown key 'kernal'; allowed: operator, kernel, stride; did you mean 'kernel'?",
        "x.yaml:4: layers[1].operator: found 'poool' (text); allowed: conv, dense, pool; did you mean 'pool'?",
        "x.yaml:6: layers[2]: missing key 'size'",
        "x.yaml:7: layers[2].siz: unknown key 'siz'; allowed: operator, size; did you mean 'size'?",
        "x.yaml:8: factor: found true (true/false); expected a number",
        "x.yaml:9: costs.a: found 1.5 (number); expected an integer or free",
        "x.yaml:9: costs.b: found 'fre' (text); expected an integer or free; did you mean 'free'?",
        "x.yaml:10: even: found 3; expected an even number",
        "x.yaml:11: factor: duplicate key 'factor'; first on line 8",
        "x.yaml:12: key 7 is not text; put it in quotes",
    )


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "x.yaml: the file is empty; expected a mapping with the keys name, layers"),
        ("# only a comment\n", "x.yaml: the file is empty"),
        ("- a\n", "x.yaml:1: found a list instead of a mapping with the keys name"),
        ("text", "x.yaml:1: found 'text' instead of a mapping"),
        ("name: [1\nreal: 2", "x.yaml:2:5: not YAML: while parsing a flow sequence"),
        ("a: 1\n\tname: x", "x.yaml:2:1: not YAML:"),
        ("name: \x00", "x.yaml:1: not YAML: character U+0000 is not allowed"),
        ("name: x\n---\nname: y", "x.yaml:2:1: not YAML: expected a single document"),
        ("name: &a [*a]", "x.yaml:1: name[0]: an alias that contains itself"),
        ("name: !!python/object:os.system x", "x.yaml:1: name: found the tag"),
        ("name: !!int x", "x.yaml:1: name: found 'x', which is no usable int"),
        ("name: x\nfactor: 1e999", "x.yaml:2: factor: found '1e999', which is no usable float"),
        ("name: x\nfactor: .nan", "x.yaml:2: factor: found '.nan' (text); expected a number"),
        ("name: x\nreal: yes", "x.yaml:2: real: found 'yes' (text); expected true or false"),
        ("name: 5", "x.yaml:1: name: found 5 (integer); expected text"),
        ("name:", "x.yaml:1: name: found nothing (null); expected text"),
        ("name: x\nlayers: {}", "x.yaml:2: layers: found a mapping; expected a list"),
        ("name: x\nlayers: [{stride: 1}]", "x.yaml:2: layers[0]: found a mapping; expected a key 'operator'"),
        ("name: x\nlayers: [3]", "x.yaml:2: layers[0]: found 3 (integer); expected a mapping"),
        (
            "name: x\nlayers:\n- {operator: conv, stride: 0}",
            "x.yaml:3: layers[0].stride: found 0 (integer); expected at",
        ),
        ("name: x\nfiles: [a, b]", "x.yaml:2: files[0]: no file a"),
        ("{[1, 2]: x, name: y}", "x.yaml:1: key a list or mapping is not text"),
        ("name: x\n<<: 3", "x.yaml:2: '<<' merges mappings only"),
        ("[" * 2000, "x.yaml: not YAML that bnnsim reads: nested too deeply"),
    ],
)
def test_bad_input(text: str, problem: str) -> None:
    found = problems(text)
    assert found[0].startswith(problem)


def test_merge_keys_and_own_keys_win() -> None:
    text = "name: x\nlayers:\n- &a {operator: conv, stride: 2}\n- {<<: *a, kernel: 3}\n- {stride: 5, <<: *a}\n"
    model = parse_yaml(text, Model, where="x.yaml")
    assert [layer.stride for layer in model.layers if isinstance(layer, Conv)] == [2, 2, 5]


def test_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "there").touch()
    path = tmp_path / "sub" / "x.yaml"
    path.write_bytes(b"\xef\xbb\xbfname: \xc3\xa9\nfiles: [there]\n")  # a byte-order mark is no problem
    assert load_yaml(path, Model).name == "é"
    path.write_bytes(b"name: x\nfiles: \xff\n")
    with pytest.raises(ConfigError, match=r"^sub/x\.yaml:2: not UTF-8: found byte 0xff"):
        load_yaml(path, Model)
    with pytest.raises(ConfigError, match=r"^nowhere\.yaml: no such file$"):
        load_yaml(tmp_path / "nowhere.yaml", Model)
    with pytest.raises(ConfigError, match=r"^sub: cannot read: Is a directory$"):
        load_yaml(tmp_path / "sub", Model)


def test_first_line_moves_every_line_number() -> None:
    with pytest.raises(ConfigError, match=r"^k\.c:11: nam: unknown key"):
        parse_yaml("name: x\nnam: y", Model, where="k.c", first_line=10)


def test_key_path() -> None:
    assert key_path(("layers", 2, "kernel")) == "layers[2].kernel"
