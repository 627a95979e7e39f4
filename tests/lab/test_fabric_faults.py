"""Faults of the fabric on real leafs: each makes its finding, and only what follows from it."""

from __future__ import annotations

import pytest

from lab.faults.catalogue import PLAIN_FAULTS, Fault
from tests.lab.fabric_check import require_found_alone
from tests.lab.looker import Looker

CHECKED = [fault for fault in PLAIN_FAULTS if fault.only_checked]


@pytest.mark.parametrize("fault", CHECKED, ids=lambda fault: f"{fault.id}-{fault.name}")
def test_a_fault_of_the_fabric_is_found_and_what_follows_and_nothing_else(
    looker: Looker, fault: Fault
) -> None:
    require_found_alone(looker, fault)
