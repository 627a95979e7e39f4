"""Write docs/getters.md from the report of NAPALM's getter suite.

python -m tests.unit.napalm_cumulus.conformance.matrix
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from xml.etree import ElementTree as ET

from tests.unit.napalm_cumulus.conformance import suite

HERE = Path(__file__).parent
ROOT = HERE.parents[3]
PAGE = ROOT / "docs" / "getters.md"

#: What is asked of the switch; in brackets what may be missing there.
ASKED = {
    "is_alive": "`true`",
    "get_facts": "`hostname`, `/proc/uptime`, `os-release`, [`decode-syseeprom`] or DMI, `ip`",
    "get_interfaces": "`ip`, `/sys/class/net`, time of the last flap from FRR [`vtysh`]",
    "get_interfaces_counters": "`ip`, `ethtool -S` of switch ports [`ethtool`]",
    "get_interfaces_ip": "`ip`",
    "get_lldp_neighbors": "`lldpctl`",
    "get_lldp_neighbors_detail": "`lldpctl`, `ip`",
    "get_environment": "[`smonctl`], `/proc/meminfo`, `/proc/stat`",
    "get_bgp_neighbors": "FRR [`vtysh`]",
    "get_bgp_neighbors_detail": "FRR [`vtysh`]",
    "get_bgp_config": "FRR [`vtysh`]",
    "get_arp_table": "`ip`",
    "get_ipv6_neighbors_table": "`ip`",
    "get_ntp_peers": "files of ntpd, ntpsec, chrony",
    "get_ntp_servers": "files of ntpd, ntpsec, chrony, systemd-timesyncd",
    "get_ntp_stats": "[`ntpq`], [`chronyc`], [`timedatectl`]",
    "get_mac_address_table": "`bridge`",
    "get_route_to": "FRR [`vtysh`], else `ip`",
    "get_snmp_information": "files of snmpd, EEPROM or DMI",
    "ping": "`ping`",
    "traceroute": "`traceroute`",
    "get_users": "`getent`, `/etc/shadow`, `authorized_keys`",
    "get_optics": "`ethtool -m`",
    "get_config": "`/etc/network` and what is sourced",
    "get_network_instances": "`ip`",
    "get_vlans": "`bridge`, `ip`",
}


def mocked_results() -> dict[str, dict[str, bool]]:
    """Test to case to whether it passed, of a run of the mocked suite."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        file = HERE / "test_upstream_getters.py"
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(file)]
        subprocess.run(
            [*command, f"--junitxml={report}"], cwd=ROOT, capture_output=True, check=False
        )
        results: dict[str, dict[str, bool]] = {}
        for case in ET.parse(report).iter("testcase"):
            name, _, which = (case.get("name") or "").partition("[")
            if "TestGetters" in (case.get("classname") or "") and which:
                results.setdefault(name, {})[which.rstrip("]")] = len(case) == 0
    return results


def render(results: dict[str, dict[str, bool]]) -> str:
    """The page."""
    lines = []
    for test in suite.tests():
        method = suite.method_of(test)
        if method in suite.NOT_IMPLEMENTED:
            continue
        cases = ", ".join(
            f"`{case}`" if passed else f"**`{case}` failed**"
            for case, passed in sorted(results.get(test, {}).items())
        )
        reason = suite.NOT_ON_A_LAB_LEAF.get(test)
        live = f"left out ({reason})" if reason else "passed"
        name = test.removeprefix("test_")
        lines.append(f"| `{name}` | {ASKED[method]} | {cases} | {live} |\n")
    missing = ", ".join(f"`{name}`" for name in sorted(suite.NOT_IMPLEMENTED))
    template = (HERE / "getters.md.in").read_text(encoding="utf-8")
    return template.replace("@TABLE@\n", "".join(lines)).replace("@MISSING@", missing)


def main() -> None:
    """Write the page."""
    PAGE.write_text(render(mocked_results()), encoding="utf-8")


if __name__ == "__main__":
    main()
