"""NAPALM's older configuration suite, unmodified, on a live leaf."""

from __future__ import annotations

import tempfile
import unittest
from pathlib import Path

# The module and not the class, which pytest would collect by its name.
from napalm.base.test import base, conftest

from napalm_cumulus import CumulusDriver

DATA = Path(__file__).parent / "data"
OLD = "\talias spine (underlay)\n"
NEW = "\talias spine (underlay), room 2\n"
#: ifreload would take it without a word, and take the address away.
TYPO = ("\taddress 10.254.0.2/31\n", "\tadress 10.254.0.2/31\n")


class DriverWithTemplate(CumulusDriver):
    """The driver, with the template `set_hostname` that is beside this module.

    The driver itself has none: a host name is no part of what ifupdown2 configures.
    """


class TestConfig(base.TestConfigNetworkDriver, unittest.TestCase):
    """The suite; its files are made of what the leaf has."""

    # Shims for nose, which would run the two below twice.
    setup_class = teardown_class = None

    @classmethod
    def setUpClass(cls) -> None:
        """Open a session, and write the files that the suite reads."""
        cls.device = DriverWithTemplate(
            conftest.NAPALM_HOSTNAME,
            conftest.NAPALM_USERNAME,
            conftest.NAPALM_PASSWORD,
            timeout=60,
            optional_args=conftest.NAPALM_OPTIONAL_ARGS,
        )
        cls.device.open()
        folder = Path(tempfile.mkdtemp(prefix="upstream-config-"))
        cls.vendor = str(folder)
        initial = cls.device.get_config(retrieve="running")["running"]
        stanza = initial[initial.index("iface swp51") : initial.index("# --- hypervisors")]
        assert OLD in stanza
        texts = {
            "initial.conf": initial,
            "new_good.conf": initial.replace(OLD, NEW),
            "new_typo.conf": initial.replace(*TYPO),
            "merge_good.conf": stanza.replace(OLD, NEW),
            "merge_typo.conf": stanza.replace(*TYPO),
            "new_good.diff": (DATA / "new_good.diff").read_text(),
            # The suite takes the difference back to what was before the merge.
            "merge_good.diff": (DATA / "merge_good.diff").read_text(),
        }
        for name, text in texts.items():
            (folder / name).write_text(text)
