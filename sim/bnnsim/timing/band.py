"""Between which cycles a program lies if the core's uncertain numbers lie within their band."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product

import numpy as np

from bnnsim.errors import UsageError
from bnnsim.timing.core import Core
from bnnsim.timing.extra import Extra
from bnnsim.timing.price import Timing, price
from bnnsim.timing.program import Program

MOST_KEYS = 6  # all combinations of ends are priced


def price_band(
    program: Program,
    core: Core | None = None,
    custom_costs: Mapping[str, float] | None = None,
    memory: Sequence[Extra] = (),
) -> tuple[Timing, Timing]:
    """Price a program with every combination of the ends of `core.band`; arguments as for `price`.

    Return the least and the most cycles of each scope; the nominal numbers are among those priced.
    Raises UsageError if the band has more than six keys.
    """
    core = core or program.core
    if len(core.band) > MOST_KEYS:
        found = f"{len(core.band)} keys: {', '.join(core.band)}"
        raise UsageError(f"core {core.name}: band: found {found}; at most {MOST_KEYS} can be combined")
    corners = [dict(zip(core.band, ends, strict=True)) for ends in product(*core.band.values())] if core.band else []
    nominal = price(program, core, custom_costs, memory)
    found = [price(program, core.with_overrides(corner), custom_costs, memory).cycles for corner in corners]
    cycles = np.stack([nominal.cycles, *found])
    low, high = cycles.min(axis=0), cycles.max(axis=0)
    return Timing(nominal.scopes, low, nominal.instructions), Timing(nominal.scopes, high, nominal.instructions)
