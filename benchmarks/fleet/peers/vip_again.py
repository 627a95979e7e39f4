"""``vip`` twice in one process; the second time is measured, when everything is imported.

``vip_again.py ARGUMENTS``; stdout is the second time's, the last line of stderr its cost.
"""

from __future__ import annotations

import contextlib
import io
import json
import sys
import time

from runbooks.cli.main import main


def once() -> None:
    """Run the command; its exit status is looked at by nobody but itself."""
    with contextlib.suppress(SystemExit):
        main()


if __name__ == "__main__":
    with contextlib.redirect_stdout(io.TextIOWrapper(io.BytesIO())):
        once()
    cpu, begin = time.process_time(), time.monotonic()
    once()
    cost = {"cpu": time.process_time() - cpu, "wall": time.monotonic() - begin}
    sys.stderr.write("\n" + json.dumps(cost) + "\n")
