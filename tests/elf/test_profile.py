"""Profiles: read back, their numbers are those of the measurement, and calls are shared as the documents say."""

from __future__ import annotations

import json
from collections import defaultdict

import pytest

from bnnsim.elf.profile import apportion
from tests.cli.elf_programs import build

CALLS = """
    .text
    .macro function name
    .type \\name, %function
\\name:
    .endm
function work
    mul r0, r0, r0
    bx lr
    .size work, . - work
function passes_on
    add r0, r0, #1
    b work
    .size passes_on, . - passes_on
function thrice
    push {r4, lr}
    bl work
    bl work
    bl passes_on
    pop {r4, pc}
    .size thrice, . - thrice
function top
    push {r4, lr}
    bl thrice
    bl work
    ldr r4, =work
    blx r4
    pop {r4, pc}
    .size top, . - top
function even
    push {r4, lr}
    subs r0, #1
    bmi 1f
    bl odd
1:  pop {r4, pc}
    .size even, . - even
function odd
    push {r4, lr}
    subs r0, #1
    bmi 1f
    bl work
    movs r0, #1
    bl even
1:  pop {r4, pc}
    .size odd, . - odd
"""


@pytest.fixture(scope="module")
def calling(tmp_path_factory):
    return build(tmp_path_factory.mktemp("calling"), extra=CALLS)


def read_callgrind(text):
    """Events, totals, own costs by (function, file, line), calls as (caller, callee) → (count, inclusive costs)."""
    events, summary, position = [], [], 0
    own, calls = defaultdict(lambda: [0] * 99), {}
    function = file = callee = None
    count = 0
    for line in text.splitlines():
        key, equals, value = line.partition("=")
        if line.startswith(("events: ", "summary: ", "totals: ")):
            kind, numbers = line.split()[0], line.split()[1:]
            if kind == "events:":
                events = numbers
            else:
                assert summary in ([], list(map(int, numbers)))
                summary = list(map(int, numbers))
        elif equals and key == "calls":
            count = int(value.split()[0])
        elif equals and key in ("fn", "fl", "fi", "fe", "cfn", "cfi"):
            function = value if key == "fn" else function
            file = value if key in ("fl", "fi", "fe") else file
            callee = value if key == "cfn" else callee
        elif line.startswith("0x"):
            _, position, *costs = line.split()
            costs = list(map(int, costs))
            assert len(costs) == len(events)
            if count:
                before = calls.get((function, callee), (0, [0] * len(events)))
                calls[function, callee] = (before[0] + count, [a + b for a, b in zip(before[1], costs, strict=True)])
                count = 0
            else:
                place = (function, file, int(position))
                own[place] = [a + b for a, b in zip(own[place], costs, strict=False)]
    return events, summary, dict(own), calls


@pytest.fixture
def profiled(run_time, timed, tmp_path):
    def profiled(program, *arguments):
        grind, scope = tmp_path / "out.callgrind", tmp_path / "out.json"
        code, _, err = run_time(program, *arguments, "--profile", grind, "--profile", scope)
        assert code == 0, err
        return timed(program, *arguments), read_callgrind(grind.read_text()), json.loads(scope.read_text())

    return profiled


@pytest.mark.parametrize("arguments", [("--call", "through", "--args", "30"), ("--call", "fib", "--args", "8"), ()])
def test_totals_lines_and_functions(elf, profiled, arguments):
    found, (events, totals, own, _), document = profiled(elf, *arguments)
    assert events[:2] == ["Cycles", "Instructions"]
    assert totals[:2] == [found["cycles"], found["instructions"]]
    for number in range(len(events)):
        assert sum(costs[number] for costs in own.values()) == totals[number]
    for function in found["functions"]:
        lines = [costs for (name, _, _), costs in own.items() if name == function["name"]]
        assert sum(costs[0] for costs in lines) == function["cycles"]
        assert sum(costs[1] for costs in lines) == function["instructions"]
    stalls = dict(zip(events, totals, strict=True))
    assert stalls["BranchRefill"] == found["stalls"]["branch_refill"] > 0
    assert stalls.get("LoadPipeliningSaved", 0) == -found["stalls"]["load_pipelining"]
    check_speedscope(document, found)


def check_speedscope(document, found):
    """What the schema requires of a file with sampled profiles, and sums."""
    assert document["$schema"] == "https://www.speedscope.app/file-format-schema.json"
    frames = document["shared"]["frames"]
    assert frames and all(isinstance(frame["name"], str) for frame in frames)
    for view in document["profiles"]:
        assert view["type"] == "sampled"
        assert (view["unit"], view["startValue"], view["endValue"]) == ("none", 0, sum(view["weights"]))
        assert isinstance(view["name"], str)
        assert len(view["samples"]) == len(view["weights"]) > 0
        assert all(weight > 0 for weight in view["weights"])
        assert all(0 <= frame < len(frames) for sample in view["samples"] for frame in sample)
    by_path, by_line, *stalls = document["profiles"]
    assert by_path["endValue"] == by_line["endValue"] == found["cycles"]
    assert sum(v["endValue"] for v in stalls) == sum(map(abs, found["stalls"].values()))


def test_source_lines(elf, profiled):
    _, (_, _, own, _), document = profiled(elf, "--call", "through", "--args", "9")
    assert own["a", "program.c", 6][:2] == [15, 10]  # adds and bx, each 5 times
    assert {"name": "a", "file": "program.c", "line": 6} in document["shared"]["frames"]


def test_call_counts_and_shares(calling, profiled):
    found, (_, _, own, calls), document = profiled(calling, "--call", "top")
    counts = {pair: count for pair, (count, _) in calls.items()}
    assert counts == {
        ("top", "thrice"): 1, ("top", "work"): 2, ("thrice", "work"): 2, ("thrice", "passes_on"): 1,
        ("passes_on", "work"): 1,
    }  # fmt: skip
    cost = defaultdict(int)
    for (name, _, _), costs in own.items():
        cost[name] += costs[0]
    inclusive = {pair: costs[0] for pair, (_, costs) in calls.items()}
    # Five calls of work, three of them below thrice: in proportion, as whole cycles that add up.
    assert sum(inclusive[pair] for pair in inclusive if pair[1] == "work") == cost["work"]
    assert inclusive["passes_on", "work"] == pytest.approx(cost["work"] / 5, abs=1)
    assert inclusive["thrice", "work"] == pytest.approx(cost["work"] * 2 / 5, abs=1)
    below = cost["thrice"] + inclusive["thrice", "work"] + inclusive["thrice", "passes_on"]
    assert inclusive["top", "thrice"] == below
    assert cost["top"] + below + inclusive["top", "work"] == found["cycles"]
    names = [frame["name"] for frame in document["shared"]["frames"]]
    paths = {tuple(names[i] for i in sample) for sample in document["profiles"][0]["samples"]}
    assert ("top", "thrice", "passes_on", "work") in paths and ("top",) in paths


def test_recursion_shares_one_inclusive_cost(calling, elf, profiled):
    found, (_, _, _, calls), document = profiled(calling, "--call", "even", "--args", "9")
    assert calls["even", "odd"] == (2, [0] * len(calls["even", "odd"][1]))  # 9, then 1 from odd
    assert calls["odd", "even"][1][0] == 0
    assert calls["odd", "work"][0] == 1
    check_speedscope(document, found)
    assert "circle of calls: even, odd" in [frame["name"] for frame in document["shared"]["frames"]]
    found, (_, _, _, calls), _ = profiled(elf, "--call", "fib", "--args", "6")
    assert calls["fib", "fib"][0] == 12  # the compiler made a loop of the second call
    assert found["functions"][0]["name"] == "fib"


def test_apportion_is_whole_and_adds_up():
    for total in (0, 1, 7, 100, -5, 10**18 + 1):
        for weights in ([1], [1, 1, 1], [3, 0, 5], [10**12, 1]):
            parts = apportion(total, weights)
            assert sum(parts) == total
            assert (
                all(abs(p - total * w / sum(weights)) <= 1 for p, w in zip(parts, weights, strict=True)) or total > 99
            )


def test_wrong_profile_names(elf, run_time, tmp_path):
    code, _, err = run_time(elf, "--call", "fib", "--profile", tmp_path / "out.txt")
    assert (code, "FILE.callgrind" in err) == (2, True)
    code, _, err = run_time(elf, "--call", "fib", "--profile", tmp_path / "none" / "out.json")
    assert (code, "--profile" in err) == (2, True)
