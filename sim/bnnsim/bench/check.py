"""Is a kernel right: every case of its operator and random shapes, on every core it claims, with both compilers."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from bnnsim.bench.case import Case
from bnnsim.bench.measure import Bench, Measured, measure, run_alone
from bnnsim.build.program import isa_of
from bnnsim.errors import BnnsimError, ToolchainError, UsageError
from bnnsim.isa import BASE, PRIMITIVES, load_isa, loadable
from bnnsim.model.kernels import Kernel
from bnnsim.model.tensor import Tensor

RANDOM_CASES = 20
_CLAIMING = ("popcnt", "xpopa", "thrpk")  # each claims another primitive
_SIZES, _CHANNELS = (1, 2, 3, 4, 5, 7, 9), (1, 3, 8, 31, 32, 33, 40, 64, 65)


@dataclass(frozen=True)
class Checked:
    """One bench: layers run, the first problem or None, and whether every pair of inputs took the same cycles.

    built: False where the compiler refused the kernel.
    """

    bench: Bench
    layers: int
    problem: str | None
    same_time: bool
    stack_bytes: int
    built: bool = True


def cases_for(kernel: Kernel, cases: Sequence[Case], seed: int = 0) -> list[Case]:
    """The cases that a kernel accepts and RANDOM_CASES random ones like them.

    Raises UsageError if it accepts none.
    """
    accepted = [case for case in cases if kernel.accepts(case.layer)]
    if not accepted:
        raise UsageError(
            f"{kernel.path}: supports: {kernel.supports!r} accepts none of the {len(cases)} layers that kernels of "
            f"{kernel.operator} are checked on"
        )
    return accepted + list(_random_cases(kernel, accepted, np.random.default_rng(seed)))


def _random_cases(kernel: Kernel, accepted: Sequence[Case], rng: np.random.Generator) -> Iterator[Case]:
    """Cases with other sizes and channels; element types, scales and zero points of inputs stay."""
    found, tries = 0, 0
    while found < RANDOM_CASES and tries < 20 * RANDOM_CASES:
        tries += 1
        case = accepted[int(rng.integers(len(accepted)))]
        height, width, channels = (int(n) for n in (*rng.choice(_SIZES, 2), rng.choice(_CHANNELS)))
        shape = (height, width, channels)
        other: dict[str, Any] = {"channels": int(rng.choice(_CHANNELS))} if "channels" in case.keys else {}
        if "shape" in case.keys:  # of a reshape
            other["shape"] = (width, height, channels)
        if "sources" in case.keys:
            other["sources"] = _reshaped(case.keys["sources"], shape, rng)
        candidate = replace(case, in_shape=shape, keys={**case.keys, **other}, changes=None)
        try:
            fits = kernel.accepts(candidate.layer)
        except BnnsimError:
            continue
        if fits:
            found += 1
            yield candidate


def _reshaped(sources: Sequence[Tensor], shape: tuple[int, int, int], rng: np.random.Generator) -> tuple[Tensor, ...]:
    """Tensors of other sizes: all of one shape if they were, single pixels stay so, else each with its channels."""
    height, width, channels = shape
    alike = len({source.shape[2] for source in sources}) == 1
    found = []
    for number, source in enumerate(sources):
        pixel = number > 0 and source.shape[:2] == (1, 1)
        size = (1, 1) if pixel else (height, width)
        found.append(replace(source, shape=(*size, channels if alike else int(rng.choice(_CHANNELS)))))
    return tuple(found)


def check(kernel: Kernel, bench: Bench, cases: Sequence[Case], step: Callable[[], None] = lambda: None) -> Checked:
    """Run a kernel on all cases, buffers flush against unmapped pages on either side, outputs bit for bit.

    step: called after every case. The first problem ends it.
    """
    same_time, stack, done = True, 0, 0
    try:
        for case in cases:
            cycles = set()
            run_alone(bench, case.layer, kernel, case.inputs(1), "start")
            for number in range(len(case)):
                trace, taken, _ = run_alone(bench, case.layer, kernel, case.inputs(number))
                cycles.add(taken)
                stack = max(stack, trace.peak_stack_bytes)
            same_time = same_time and len(cycles) == 1
            done += 1
            step()
    except ToolchainError as error:  # whatever the layer
        return Checked(bench, done, str(error), same_time, stack, built=False)
    except BnnsimError as error:
        return Checked(bench, done, f"{cases[done].name}: {error}", same_time, stack)
    return Checked(bench, done, None, same_time, stack)


def compare(
    kernel: Kernel, bench: Bench, shapes: Sequence[Case], step: Callable[[], None] = lambda: None
) -> Iterator[tuple[Case, list[Measured]]]:
    """Yield each shape that a kernel accepts, with what it and its rivals cost there, fewest cycles first."""
    for shape in shapes:
        if not kernel.accepts(shape.layer):
            continue
        rivals = [
            k for k in bench.kernels if k.accepts(shape.layer) and bench.runs(k) and k.function != kernel.function
        ]
        found = []
        for each in (kernel, *rivals):
            found.append(measure(bench, shape.layer, each, shape.inputs(0)))
            step()
        yield shape, sorted(found, key=lambda m: m.cycles)


def least_isas_for(kernel: Kernel, features: Collection[str]) -> list[str]:
    """The smallest ISAs that have what a kernel needs on a core with some features.

    Empty if no extension has a need.
    """
    needs = [need for need in kernel.needs if need not in features]
    providers = [[name for name, provided in _provided().items() if need in provided] for need in needs]
    combinations = (dict.fromkeys(names) for names in itertools.product(*providers))
    found = dict.fromkeys("+".join(sorted(names)) or BASE for names in combinations)
    least = min((name.count("+") for name in found), default=0)
    return [name for name in found if name.count("+") == least]


def isas_for(kernel: Kernel, features: Collection[str]) -> list[str]:
    """ISAs to try a kernel under on a core with some features: the smallest ones that have what it needs first.

    Then the first of them with one more extension whose instruction takes the place of code of the kernel's. Empty if
    no extension has a need.
    """
    least = least_isas_for(kernel, features)
    if not least:
        return []
    names = [] if least[0] == BASE else least[0].split("+")
    provided = load_isa(least[0]).provides
    serving = (e for e in _serving(kernel.path) if not provided & load_isa(e).provides & PRIMITIVES.keys())
    return [*least, *("+".join(sorted([*names, extension])) for extension in serving)]


@functools.cache
def _serving(source: Path) -> tuple[str, ...]:
    """Extensions that claim a primitive which a kernel's text names; one for each primitive."""
    return tuple(e.name for e in isa_of(load_isa("+".join(_CLAIMING)), source).extensions)


@functools.cache
def _provided() -> dict[str, frozenset[str]]:
    """What kernels can ask for, by extension."""
    return {name: isa.provides for name, isa in loadable().items()}
