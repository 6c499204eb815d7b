"""Core files: what loads, what is refused and in which words, overrides, variants."""

import pytest
import yaml

from bnnsim import paths
from bnnsim.errors import ConfigError, UsageError
from bnnsim.timing.core import core_notes, load_core


def m4_file(folder, change=None, name="mine.yaml", core="cortex-m4"):
    data = yaml.safe_load(paths.find("core", core).read_text())
    if change:
        change(data)
    path = folder / name
    path.write_text(yaml.safe_dump(data))
    return str(path)


def variant(folder, **keys):
    path = folder / "variant.yaml"
    path.write_text(yaml.safe_dump({"extends": "cortex-m4", "name": "variant", "description": "x", **keys}))
    return str(path)


@pytest.mark.parametrize("name", paths.names("core"))
def test_every_cost_has_a_source(name):
    core = load_core(name)
    parts = [*core.groups.values(), *core.pair_rules.values(), core.front_end, core.odd_encoding]
    parts += [core.misaligned, core.condition_failed, core.data_port]
    assert core.name == name
    assert all(part.source.ref for part in parts)


def test_own_file_equals_ours(tmp_path):
    assert load_core(m4_file(tmp_path)) == load_core("cortex-m4")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda d: d["groups"]["load"].update(cycels=2), ["mine.yaml:", "groups.load", "cycels", "cycles"]),
        (lambda d: d["groups"]["load"].pop("source"), ["groups.load", "missing key 'source'"]),
        (lambda d: d["groups"]["load"].pop("cycles"), ["groups.load", "either cycles or formula"]),
        (lambda d: d["groups"]["divide"].update(formula="one_plus_register"),
         ["unknown formula", "did you mean 'one_plus_registers'"]),
        (lambda d: d["groups"]["store"]["mnemonics"].append("str+regoffset"), ["unknown form", "register_offset"]),
        (lambda d: d["groups"]["store"]["mnemonics"].append("ldr"), ["'ldr' is also in group 'load'"]),
        (lambda d: d["groups"]["if_then"].update(cycles=1), ["groups.if_then", "folded: false"]),
        (lambda d: d["memory"].append("laod"), ["no group 'laod'", "did you mean 'load'"]),
        (lambda d: d["pair_rules"]["load_pipelining"].update(when="never"), ["never", "address_free_of_result"]),
        (lambda d: d.update(model="dual_isue"), ["model", "in_order", "did you mean 'dual_issue'"]),
        (lambda d: d.update(model="dual_issue"), ["missing key 'dual_issue'", "does not read this"]),
        (lambda d: d["groups"]["load"].update(unit="load"), ["groups.load.unit", "only for models that issue"]),
        (lambda d: d.update(band={"laod.cycles": [1, 2]}), ["band.laod.cycles", "did you mean 'load.cycles'"]),
        (lambda d: d.update(band={"load.cycles": [3, 2]}), ["found 3 to 2", "lower end comes first"]),
        (lambda d: d["fetch"].update(queue_words=0), ["fetch.queue_words", "at least 1"]),
        (lambda d: d.pop("fetch"), ["missing key 'fetch'", "in_order"]),
        (lambda d: d.update(model="per_instruction"), ["missing key 'refill'", "does not read this"]),
    ],
)  # fmt: skip
def test_refused(tmp_path, change, words):
    with pytest.raises(ConfigError) as error:
        load_core(m4_file(tmp_path, change))
    for word in words:
        assert word in str(error.value)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda d: d["groups"]["add"].pop("unit"), ["groups.add.unit", "missing key 'unit'"]),
        (lambda d: d["groups"]["add"].update(unit="alo"), ["groups.add.unit", "did you mean 'alu'"]),
        (lambda d: d["groups"]["load"].update(result="laod"), ["groups.load.result", "did you mean 'load'"]),
        (lambda d: d["dual_issue"]["results"].pop("early"), ["dual_issue.results", "missing early"]),
        (lambda d: d["dual_issue"]["operands"].pop("address"), ["dual_issue.operands", "missing address"]),
        (lambda d: d["dual_issue"]["operands"].update(adress=d["dual_issue"]["operands"]["address"]),
         ["operands.adress", "did you mean 'address'"]),
        (lambda d: d["dual_issue"]["no_pair"]["two_stores"]["first"].append("stores"),
         ["no_pair.two_stores.first", "did you mean 'store'"]),
        (lambda d: d["dual_issue"]["early_alu"]["shifter_users"].append("x"), ["early_alu.shifter_users", "'x'"]),
        (lambda d: d["dual_issue"]["fetch"].update(bytes_per_cycle=3), ["fetch.bytes_per_cycle", "multiple of 2"]),
        (lambda d: d["condition_failed"].update(cycles="all"), ["condition_failed.cycles", "full"]),
    ],
)  # fmt: skip
def test_refused_issue_rules(tmp_path, change, words):
    with pytest.raises(ConfigError) as error:
        load_core(m4_file(tmp_path, change, core="cortex-m7"))
    for word in words:
        assert word in str(error.value)


def test_overrides_of_issue_rules():
    core = load_core("cortex-m7")
    changed = core.with_overrides({"mispredict.late_cycles": 9, "results.load.late_cycles": 2, "fetch.queue_chunks": 3})
    assert changed.dual_issue.mispredict.late_cycles == 9
    assert changed.dual_issue.mispredict.source.kind == "assumed"
    assert changed.dual_issue.results["load"].late_cycles == 2
    assert core.dual_issue.results["load"].late_cycles == 1
    assert core.with_overrides({"condition_failed.cycles": 1}).condition_failed.cycles == 1
    assert "mispredict.late_cycles" in core.band
    assert "mispredict.late_cycles" not in changed.band
    assert load_core("cortex-m33").with_overrides({"taken.cycles": 2}).paired_narrow.taken.cycles == 2


def test_overrides():
    core = load_core("cortex-m4")
    changed = core.with_overrides({"cortex-m4.load.cycles": 3, "fetch.queue_words": 4.0, "divide.cycles": 9})
    assert changed.groups["load"].cycles == 3
    assert changed.groups["load"].source.kind == "assumed"
    assert changed.fetch.queue_words == 4
    assert (changed.groups["divide"].cycles, changed.groups["divide"].formula) == (9, None)
    assert core.groups["load"].cycles == 2
    assert core.with_overrides({}) is core


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("laod.cycles", 3, "did you mean 'load.cycles'"),
        ("fetch.queue_word", 3, "did you mean 'fetch.queue_words'"),
        ("load.cycles", 2.5, "whole cycles"),
        ("load.cycles", -1, "at least 0"),
        ("load.source", 1, "no setting"),
    ],
)
def test_refused_overrides(key, value, words):
    with pytest.raises(UsageError, match=words):
        load_core("cortex-m4").with_overrides({key: value})


def test_variant_keeps_what_it_does_not_name(tmp_path):
    base = load_core("cortex-m4")
    source = {"kind": "assumed", "ref": "try"}
    core = load_core(variant(tmp_path, groups={"multiply": {"cycles": 2, "source": source}}, without=["dsp"]))
    assert core.groups["multiply"].mnemonics == base.groups["multiply"].mnemonics
    assert core.groups["multiply"].cycles == 2
    assert core.group_of("usada8") is None
    assert core.fetch == base.fetch


def test_variant_drops_groups_from_rules():
    core = load_core("cortex-m3")
    assert core.features == ("thumb2",)
    assert "vfp_load" not in core.memory
    assert "vfp_load" not in core.pair_rules["memory_after_store"].second


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"without": ["dps"]}, "did you mean 'dsp'"),
        ({"extends": "cortex-m5"}, "unknown core 'cortex-m5'"),
        ({"groups": {"new": {"cycles": 2}}}, "groups.new: missing key 'mnemonics'"),
        ({"extends": "./variant.yaml"}, "extends this core in turn"),
    ],
)
def test_refused_variants(tmp_path, keys, words):
    with pytest.raises(ConfigError, match=words):
        load_core(variant(tmp_path, **keys))


def test_data_ports():
    bits = {name: load_core(name).data_port.bits for name in paths.names("core")}
    wider = {f"cortex-m4-port{n}": n for n in (64, 128, 256)}
    assert bits == {**dict.fromkeys(bits, 32), "cortex-m7": 64, **wider}
    assert {name for name in bits if load_core(name).change} == set(wider)


def test_another_port_is_a_change_of_the_core(tmp_path):
    core = load_core("cortex-m4").with_overrides({"data_port.bits": 256})
    assert core.change == "256-bit data port in place of 32, XMOS-class memory"
    assert core.data_port.source.kind == "assumed"
    assert core.with_overrides({"data_port.bits": 32}).change is None
    assert load_core("cortex-m7").with_overrides({"data_port.bits": 32}).change == "32-bit data port in place of 64"
    (note,) = core_notes(load_core("cortex-m4-port128"))
    assert note.startswith("Core change: cortex-m4-port128 with a 128-bit data port in place of 32. Nobody sells")
    assert core_notes(load_core("cortex-m4")) == ()
    source = {"kind": "assumed", "ref": "try"}
    assert load_core(variant(tmp_path, data_port={"bits": 64, "source": source})).data_port.built_bits == 32


@pytest.mark.parametrize("bits", [0, 16, 48, 512])
def test_refused_ports(tmp_path, bits):
    with pytest.raises(UsageError, match=r"data_port\.bits: found \d+ .*; allowed: 32, 64, 128, 256"):
        load_core("cortex-m4").with_overrides({"data_port.bits": bits})
    with pytest.raises(ConfigError, match=r"data_port\.bits"):
        load_core(variant(tmp_path, data_port={"bits": bits, "source": {"kind": "assumed", "ref": "try"}}))


def test_variants_are_of_the_same_processor():
    names = ("cortex-m4-port64", "cortex-m4-nofpu", "cortex-m0plus-small-multiplier", "cortex-m3")
    assert [load_core(name).processor for name in names] == ["cortex-m4", "cortex-m4", "cortex-m0plus", "cortex-m3"]
