"""The activation arena: buffers in use together never share a byte, and no byte is wasted on a chain."""

from hypothesis import given
from hypothesis import strategies as st

from bnnsim.build.arena import Buffer, plan_arena

buffers = st.lists(st.tuples(st.integers(1, 300), st.integers(0, 6), st.integers(0, 3)), max_size=12).map(
    lambda items: [Buffer(f"b{n}", size, first, first + span) for n, (size, first, span) in enumerate(items)]
)


@given(buffers)
def test_buffers_in_use_together_do_not_overlap(items):
    offsets, total = plan_arena(items)
    assert total <= sum(-(-b.size_bytes // 8) * 8 for b in items)
    for i, a in enumerate(items):
        assert offsets[a.name] % 8 == 0
        assert offsets[a.name] + a.size_bytes <= total
        for b in items[:i]:
            if a.first <= b.last and b.first <= a.last:
                ends = offsets[a.name] + a.size_bytes, offsets[b.name] + b.size_bytes
                assert ends[0] <= offsets[b.name] or ends[1] <= offsets[a.name]


def test_a_chain_needs_no_more_than_its_largest_neighbours():
    chain = [Buffer("a", 100, 0, 1), Buffer("b", 40, 1, 2), Buffer("c", 100, 2, 3), Buffer("d", 8, 3, 4)]
    _, total = plan_arena(chain)
    assert total == 104 + 40
