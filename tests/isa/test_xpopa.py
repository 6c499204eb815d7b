"""The extension xpopa: encoding, semantics, alone and together with popcnt."""

from hypothesis import given
from hypothesis import strategies as st

from bnnsim.isa import load_isa
from bnnsim.isa.encoding import CX3A

WORDS = st.integers(0, 2**32 - 1)


def test_it_claims_the_fused_primitive():
    isa = load_isa("xpopa")
    (instruction,) = isa.instructions
    assert instruction.encoding == CX3A(op=0)
    assert instruction.encoding.value == 0xFE800000
    assert instruction.primitive == "xor_popcount_accumulate"
    assert instruction.cost.source.kind == "assumed"
    assert isa.cost_keys == ("xpopa.xpopa.issue_cycles", "xpopa.xpopa.latency")
    assert isa.provides == {"xpopa", "xor_popcount_accumulate", "any_popcount"}


@given(WORDS, WORDS, WORDS)
def test_it_adds_the_number_of_differing_bits(d, n, m):
    (instruction,) = load_isa("xpopa").instructions
    assert instruction.evaluate(d, n, m) == (d + bin(n ^ m).count("1")) % 2**32


def test_it_can_be_selected_together_with_popcnt():
    isa = load_isa("popcnt+xpopa")
    assert isa.name == "popcnt+xpopa"
    assert isa.provides == {"popc", "xpopa", "popcount", "xor_popcount_accumulate", "any_popcount"}
