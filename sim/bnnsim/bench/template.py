"""A kernel to start from."""

from __future__ import annotations

import re

from bnnsim.errors import UsageError
from bnnsim.model.kernels import FRONT_MATTER, Kernel, load_kernels
from bnnsim.model.operators import OPERATORS, operator_named

_TEMPLATE = """\
/* ---
operator: {operator}
variant: {variant}
idea: {idea} so far; say here how it computes, in a sentence or two
registers: what is held in registers in the innermost loop
# what core and ISA must have: features of the core ({features})
# or primitives of an extension (popcount, xor_popcount_accumulate, any_popcount, push_threshold)
needs: []
# false if the time may depend on the values of inputs, not only on shapes
fixed_time: {fixed_time}
{layout}# bytes of scratch memory and shapes it supports: expressions over the integer fields of bnn_layer.h
scratch_bytes: {scratch_bytes}
supports: "{supports}"
--- */
"""
_INCLUDE = re.compile(r'^#include "([^"]+)"[^\n]*\n', re.MULTILINE)


def template(operator: str, variant: str) -> str:
    """Return a kernel of this name that works: the operator's plain loops, or else the simplest kernel that it has.

    Headers beside that kernel are written into it. Raises UsageError for an unknown operator.
    """
    operator = operator_named(operator).name
    start = _simplest(operator)
    text = start.path.read_text(encoding="utf-8")
    match = FRONT_MATTER.match(text)
    assert match is not None  # load_kernel read it
    plain = start.variant == "plain" and start.operator == operator
    head = _TEMPLATE.format(
        operator=operator,
        variant=variant,
        idea="plain loops" if plain else f"{start.variant} of {start.operator}",
        features="dsp, thumb2, fpu, fixed_time_long_multiply",
        fixed_time=str(start.fixed_time).lower(),
        layout=_layout(start),
        scratch_bytes=f'"{start.scratch_bytes}"',
        supports=start.supports,
    )
    body = _one_file(text[match.end() :].lstrip("\n"), start, set())
    return head + re.sub(rf"\b{start.function}\b", f"{operator.lower()}_{variant}", body)


def _simplest(operator: str) -> Kernel:
    """The plain kernel; else one that runs everywhere, of the operator itself before those that compute it, too."""
    operators = (operator, *OPERATORS[operator].also)
    known = [k for k in load_kernels() if k.operator in operators and not k.needs]
    if not known:
        raise UsageError(f"{operator} has no kernel that runs on every core; there is none to start from")
    return min(known, key=lambda k: (operators.index(k.operator), k.variant != "plain", k.variant))


def _layout(kernel: Kernel) -> str:
    """Lines of the front matter that say what the kernel finds in its constants."""
    lines = ["# order of the weights (docs/kernels.md)", f"weights: {kernel.weights}"] if kernel.weights else []
    if kernel.looks_up_in:
        lines += ["# what it reads at addresses that depend on the data", f"looks_up_in: {kernel.looks_up_in}"]
    lines += [f"constants: {kernel.constants}"] if kernel.constants else []
    return "".join(f"{line}\n" for line in lines)


def _one_file(text: str, kernel: Kernel, seen: set[str]) -> str:
    """Return C text with the headers beside a kernel in place of their first #include."""

    def header(match: re.Match[str]) -> str:
        path = kernel.path.parent / match[1]
        if not path.is_file():
            return match[0]
        if path.name in seen:
            return ""
        seen.add(path.name)
        found = path.read_text(encoding="utf-8").replace("#pragma once\n", "")
        return _one_file(found, kernel, seen)

    return _INCLUDE.sub(header, text)
