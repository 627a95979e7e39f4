"""Time daemons: recorded outputs of a leaf in, NAPALM's models out."""

from __future__ import annotations

import pytest
from napalm.base.exceptions import CommandErrorException

from napalm_cumulus.getters import (
    ntp,
)
from tests.unit.napalm_cumulus.getters.answers import MISSING, said


def test_a_time_daemon_that_does_not_answer_is_an_error() -> None:
    refused = said("", 0, "ntpq: read: Connection refused")
    with pytest.raises(CommandErrorException, match="Connection refused"):
        ntp.parse_ntp_stats(refused, MISSING, MISSING, MISSING)
    stopped = said("506 Cannot talk to daemon\n", 1)
    with pytest.raises(CommandErrorException, match="Cannot talk to daemon"):
        ntp.parse_ntp_stats(MISSING, stopped, stopped, MISSING)
    # Both are installed, and one of them runs.
    source = said("^,*,10.0.0.1,2,6,377,3,0.001,0.002,0.003\n")
    (one,) = ntp.parse_ntp_stats(refused, source, said(""), MISSING)
    assert (one["remote"], one["offset"], one["reachability"]) == ("10.0.0.1", 1.0, 255)
