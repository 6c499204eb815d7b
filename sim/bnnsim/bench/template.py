"""A kernel to start from."""

from __future__ import annotations

from bnnsim.errors import UsageError
from bnnsim.model.kernels import FRONT_MATTER, load_kernels
from bnnsim.model.operators import operator_named

_TEMPLATE = """\
/* ---
operator: {operator}
variant: {variant}
idea: plain loops so far; say here how it computes, in a sentence or two
registers: what is held in registers in the innermost loop
# what core and ISA must have: features of the core ({features}) or primitives of an extension
# (popcount, xor_popcount_accumulate, any_popcount)
needs: []
# false if the time may depend on the values of inputs, not only on shapes
fixed_time: {fixed_time}
{layout}# bytes of scratch memory and shapes it supports: expressions over the integer fields of bnn_layer.h
scratch_bytes: {scratch_bytes}
supports: "{supports}"
--- */
"""


def template(operator: str, variant: str) -> str:
    """Return a kernel of this name that works: the operator's plain loops. Raises UsageError without such a kernel."""
    operator = operator_named(operator).name
    plain = next((k for k in load_kernels() if k.operator == operator and k.variant == "plain"), None)
    if plain is None:
        raise UsageError(f"{operator} has no plain kernel to start from; it is computed by another operator's kernels")
    text = plain.path.read_text(encoding="utf-8")
    match = FRONT_MATTER.match(text)
    assert match is not None  # load_kernel read it
    layout = f"# order of the weights (docs/kernels.md)\nweights: {plain.weights}\n" if plain.weights else ""
    head = _TEMPLATE.format(
        operator=operator,
        variant=variant,
        features="dsp, thumb2, fpu, fixed_time_long_multiply",
        fixed_time=str(plain.fixed_time).lower(),
        layout=layout,
        scratch_bytes=f'"{plain.scratch_bytes}"',
        supports=plain.supports,
    )
    return head + text[match.end() :].lstrip("\n").replace(plain.function, f"{operator.lower()}_{variant}")
