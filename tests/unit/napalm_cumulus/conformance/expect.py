"""Write the expected result of mocked cases anew, from what their transcripts say.

    python -m tests.unit.napalm_cumulus.conformance.expect test_get_optics/qsfp ...

For cases written by hand, and after a parser was changed on purpose. Read the difference.
"""

from __future__ import annotations

import argparse
import json

from napalm.base.test.getters import BaseTestGetters

from tests.unit.napalm_cumulus.conformance.double import RecordedDriver
from tests.unit.napalm_cumulus.conformance.record import DATA, body


def main() -> None:
    """Write them."""
    parser = argparse.ArgumentParser(description="Write expected results anew.")
    parser.add_argument("cases", nargs="+", help="TEST/CASE")
    for name in parser.parse_args().cases:
        test, case = name.split("/")
        device = RecordedDriver("leaf", "u", "p")
        device.open()
        device._transport.current_test, device._transport.current_test_case = test, case
        path = DATA / test / case / "expected_result.json"
        path.touch()
        runner = BaseTestGetters()
        runner.device = device
        result = body(test)(runner, case)
        path.write_text(json.dumps(result, indent=2, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
