"""Under which ISAs a kernel is tried."""

import pytest

from bnnsim.bench.check import isas_for, least_isas_for
from tests.kernels.test_operators import KERNELS, cases_of, check, core_named, image_of


@pytest.mark.parametrize(
    ("function", "least", "more"),
    [
        ("add_int8_plain", ["base"], []),
        ("bbconv2d_plain", ["base"], ["popcnt", "xpopa"]),
        ("lcequantize_plain", ["base"], ["thrpk"]),
        ("lcequantize_int8_signpk", ["signpk"], []),
        ("bbfc_xpop_unrolled", ["xpop"], ["thrpk+xpop"]),
        ("bbconv2d_popcount_rows", ["popcnt", "xpopa"], ["popcnt+xpopa", "popcnt+thrpk"]),
        ("bbconv2d_xpopa_thrpk", ["thrpk+xpopa"], []),
    ],
)
def test_the_smallest_that_serve_and_those_that_change_its_code(function, least, more):
    kernel, features = next(k for k in KERNELS if k.function == function), core_named("cortex-m4").features
    assert least_isas_for(kernel, features) == least
    assert isas_for(kernel, features) == least + more


def test_no_extension_gives_a_core_what_it_lacks():
    kernel = next(k for k in KERNELS if k.function == "bbconv2d_vcnt8_blocked")  # needs DSP instructions
    assert isas_for(kernel, core_named("cortex-m3").features) == []


@pytest.mark.parametrize("core", ["cortex-m4", "cortex-m0plus"])
def test_a_threshold_in_c_is_the_claimed_instruction(core):
    kernel = next(k for k in KERNELS if k.function == "lcequantize_plain")
    image = image_of(kernel.function, "thrpk", core, "clang")
    assert {site.instruction.name for site in image.sites.values()} == {"thrpk"}
    for place, case in enumerate(cases_of(kernel.function)):
        check(kernel, case, core, image, place % len(case), "end")
