"""The one tree of errors: whatever a user can cause is a BnnsimError, printed without a traceback.

Exit codes: 0 all cells verified, 1 a cell failed or did not verify, 2 wrong usage or configuration,
3 toolchain missing or broken, 130 interrupted.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class BnnsimError(Exception):
    """A message that says where, what was found, what is allowed and what to do next."""

    exit_code = 1


class UsageError(BnnsimError):
    """A wrong flag, name or value on the command line or in the Python API."""

    exit_code = 2


class ConfigError(UsageError):
    """One or more problems in a configuration file; `problems` holds one `file:line: …` string each."""

    def __init__(self, problems: Iterable[str]):
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


class ExtensionError(UsageError):
    """An extension file that cannot be loaded: encoding, semantics or test vectors."""


class ToolchainError(BnnsimError):
    """The compiler is missing, broken or rejected the source."""

    exit_code = 3


class BuildError(BnnsimError):
    """A program that cannot be built or loaded."""


class LoweringError(BnnsimError):
    """A network that the chosen kernels cannot express."""


class EmulationFault(BnnsimError):
    """Emulated code went wrong; the message is the diagnosis (pc, function, source line, registers, cause)."""


class OverwrittenError(EmulationFault):
    """Memory next to a buffer was overwritten, but nothing faulted, so that nobody knows by which instruction."""


class VerificationError(BnnsimError):
    """An emulated output differs from the NumPy reference: there is no number for it."""


class CostError(BnnsimError):
    """An instruction without a cost in the core's table."""


def nearest(found: str, allowed: Iterable[str]) -> str:
    """Return "; did you mean 'x'?" for the nearest allowed name, or an empty string."""
    match = difflib.get_close_matches(found, list(allowed), n=1, cutoff=0.5)
    return f"; did you mean {match[0]!r}?" if match else ""
