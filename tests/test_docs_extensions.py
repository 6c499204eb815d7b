"""docs/extensions.md is what the extension files say."""

from __future__ import annotations

import re

import pytest

from bnnsim.bench.page import MARK, with_generated
from bnnsim.isa import FORMULAS, load_extension
from bnnsim.paths import own_names
from tests.conftest import REPOSITORY

PATH = REPOSITORY / "docs" / "extensions.md"


def test_the_page_is_up_to_date():
    found = PATH.read_text(encoding="utf-8")
    assert found == with_generated(found), "run: python -m bnnsim.bench.page docs/extensions.md"


def test_a_page_without_the_mark_is_refused():
    with pytest.raises(ValueError, match="has no line"):
        with_generated("# Extensions\n")


def test_every_instruction_has_its_section():
    sections = re.findall(r"^### (\w+)", PATH.read_text(encoding="utf-8").partition(MARK)[2], re.MULTILINE)
    known = [i.name for name in own_names("extension") for i in load_extension(name).instructions]
    assert sections == known


def test_the_head_names_all_formulas():
    head = PATH.read_text(encoding="utf-8").partition(MARK)[0]
    assert set(re.findall(r"^\| `(\w+)` \| [^|]*(?:transfers|words of its)", head, re.MULTILINE)) == set(FORMULAS)
