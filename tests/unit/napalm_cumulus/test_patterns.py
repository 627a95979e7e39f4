"""MAC addresses in the forms that people and programs give them."""

from __future__ import annotations

import pytest

from napalm_cumulus.commit.repair_steps import wishes
from napalm_cumulus.config.configuration import MAIN_FILE, Configuration
from napalm_cumulus.patterns import normal_mac


@pytest.mark.parametrize(
    ("written", "kernel"),
    [
        ("00:00:5e:00:01:c5", "00:00:5e:00:01:c5"),
        ("00:00:5E:00:01:C5", "00:00:5e:00:01:c5"),
        ("0:0:5e:0:1:c5", "00:00:5e:00:01:c5"),
        ("0:0:5E:0:1:5", "00:00:5e:00:01:05"),
        ("none", ""),
        ("00:00:5e:00:01", ""),
        ("00:00:5e:00:01:zz", ""),
        ("000:00:5e:00:01:c5", ""),
        ("00-00-5e-00-01-c5", ""),
    ],
)
def test_a_mac_is_written_as_the_kernel_writes_it(written: str, kernel: str) -> None:
    assert normal_mac(written) == kernel


def test_the_kernel_is_asked_for_the_mac_in_its_own_form() -> None:
    text = "auto a\niface a\n  address-virtual 0:0:5E:0:1:5 10.0.0.1/24\n"
    assert "+ a-v0 00:00:5e:00:01:05" in wishes(Configuration({MAIN_FILE: text}), ["a"])
