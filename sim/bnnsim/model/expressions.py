"""Integer expressions of a kernel's front matter, e.g. "kernel_h * kernel_w * in_words <= 4096"."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Collection, Mapping

from bnnsim.errors import UsageError, nearest

_BINARY: dict[type[ast.AST], Callable[[int, int], int]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}
_COMPARE: dict[type[ast.AST], Callable[[int, int], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
_CALLS: dict[str, Callable[..., int]] = {"max": max, "min": min}
ALLOWED = "integers, integer fields, + - * // %, comparisons, and, or, not, max(), min(), parentheses"


def check_expression(text: str, known: Collection[str]) -> None:
    """Raise UsageError unless `text` is an expression over the names in `known`."""
    evaluate(text, dict.fromkeys(known, 1), ignore_zero=True)


def evaluate(text: str, values: Mapping[str, int], *, ignore_zero: bool = False) -> int:
    """Return the value of an expression; comparisons give 0 or 1.

    Both sides of `and` and `or` are evaluated, so that a wrong name never hides. Raises UsageError for
    anything outside ALLOWED and, unless `ignore_zero`, for a division by zero.
    """
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        raise UsageError(f"{text!r} is no expression ({error}); allowed: {ALLOWED}") from None
    try:
        return _value(tree, text, values)
    except ZeroDivisionError:
        if ignore_zero:
            return 0
        raise UsageError(f"{text!r} divides by zero") from None


def _value(node: ast.AST, text: str, values: Mapping[str, int]) -> int:
    def value(part: ast.AST) -> int:
        return _value(part, text, values)

    match node:
        case ast.Constant(value=int() as number) if not isinstance(number, bool):
            return number
        case ast.Name(id=name) if name in values:
            return values[name]
        case ast.Name(id=name):
            hint = nearest(name, values)
            raise UsageError(f"{text!r}: unknown name {name!r}; known: {', '.join(values)}{hint}")
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _BINARY:
            return _BINARY[type(op)](value(left), value(right))
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -value(operand)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return int(not value(operand))
        case ast.Compare(left=left, ops=ops, comparators=rest) if all(type(op) in _COMPARE for op in ops):
            sides = [value(part) for part in (left, *rest)]
            pairs = zip(ops, sides, sides[1:], strict=False)
            return int(all(_COMPARE[type(op)](a, b) for op, a, b in pairs))
        case ast.BoolOp(op=op, values=parts):
            truths = [bool(value(part)) for part in parts]
            return int(all(truths) if isinstance(op, ast.And) else any(truths))
        case ast.Call(func=ast.Name(id=name), args=args, keywords=[]) if name in _CALLS and args:
            return _CALLS[name]([value(part) for part in args])
    raise UsageError(f"{text!r}: {ast.unparse(node)!r} is not allowed; allowed: {ALLOWED}")
