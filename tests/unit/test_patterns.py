"""What `inventory` and `napalm_cumulus` both need, neither of which may import the other."""

from __future__ import annotations

import re

import pytest

from inventory.names import is_mac
from napalm_cumulus.patterns import MAC


@pytest.mark.parametrize(
    "text",
    [
        "0e:2e:1a:97:af:71",
        "0E:2E:1A:97:AF:71",
        "0e:2e:1a:97:af:71\n",
        "0e:2e:1a:97:af:71:00",
        "0e:2e:1a:97:af:7g",
        "0e:2e:1a:97:af",
        "0e-2e-1a-97-af-71",
        "\u0660e:2e:1a:97:af:71",
        "0.0.0.0",
        "",
    ],
)
def test_both_call_the_same_a_mac_address(text: str) -> None:
    assert is_mac(text) == (re.fullmatch(MAC, text) is not None)
