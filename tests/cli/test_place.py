"""`--place` as it is typed."""

from __future__ import annotations

import pytest

from bnnsim.cli.options import places
from bnnsim.errors import ConfigError


def test_places_of_one_or_several_options() -> None:
    assert places(("weights=dtcm, code = itcm", "stack=sram1")) == {"weights": "dtcm", "code": "itcm", "stack": "sram1"}


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ("weights", "found 'weights'; expected PART=MEMORY"),
        ("=dtcm", "found '=dtcm'; expected PART=MEMORY"),
        ("code=itcm,code=sram", "'code' is placed twice"),
    ],
)
def test_bad_places(given: str, problem: str) -> None:
    with pytest.raises(ConfigError, match=problem):
        places((given,))
