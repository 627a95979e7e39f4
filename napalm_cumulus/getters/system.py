"""The machine: facts, users, environment."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from napalm_cumulus.getters.interfaces import LINKS, named
from napalm_cumulus.getters.query import getter
from napalm_cumulus.parsing.output import NOT_FOUND, loads, reader, rows_of, text_of, unexpected

if TYPE_CHECKING:
    from collections.abc import Mapping

    from napalm.base import models

    from napalm_cumulus.result import CommandResult

HOSTNAME = "hostname"
FQDN = "hostname -f"
UPTIME = "cat /proc/uptime"
RELEASE = "cat /etc/lsb-release /etc/os-release 2>/dev/null; true"
#: The manufacturer's data: in the switch's EEPROM, on other machines in the firmware's tables.
EEPROM = "decode-syseeprom -j"
FIRMWARE = (
    "for f in product_name product_serial; do "
    'printf \'%s=%s\\n\' "$f" "$(cat /sys/class/dmi/id/$f 2>/dev/null)"; done'
)
FACTS = (HOSTNAME, FQDN, UPTIME, RELEASE, EEPROM, FIRMWARE, LINKS)

PASSWD = "getent passwd"  # noqa: S105 - a command
SHADOW = "cat /etc/shadow"
GROUPS = "getent group"
SSH_KEYS = (
    "getent passwd | while IFS=: read -r user _ _ _ _ home _; do "
    'file=$home/.ssh/authorized_keys; [ -r "$file" ] && '
    'while read -r line || [ -n "$line" ]; do printf \'%s:%s\\n\' "$user" "$line"; done <"$file"; '
    "done; true"
)
USERS = (PASSWD, SHADOW, GROUPS, SSH_KEYS)

SENSORS = "smonctl -j"
MEMORY = "cat /proc/meminfo"
CPU = "cat /proc/stat && sleep 0.5 && cat /proc/stat"
ENVIRONMENT = (SENSORS, MEMORY, CPU)

_UNKNOWN = "Unknown"
_FULL_RIGHTS = 15
_SHOW_RIGHTS = 1
_CPU_FIELDS = 8
_IDLE = (3, 4)  # the columns idle and iowait of /proc/stat


@getter(*FACTS)
@reader
def parse_facts(*results: CommandResult) -> models.FactsDict:
    """Return the facts; a value that the machine does not have is "Unknown"."""
    hostname, fqdn, uptime, release, eeprom, firmware, links = results
    name = text_of(hostname).strip()
    # Without a domain ``hostname -f`` fails; then only the short name is known.
    full = fqdn.stdout.decode("utf-8", "replace").strip() if fqdn.exit_status == 0 else ""
    try:
        seconds = float(text_of(uptime).split()[0])
    except (IndexError, ValueError):
        raise unexpected(uptime, "an uptime") from None
    made = _made(eeprom, firmware)
    return {
        "uptime": seconds,
        "vendor": "Cumulus",
        "os_version": _version(_assignments(text_of(release))),
        "serial_number": made.get("product_serial") or _UNKNOWN,
        "model": made.get("product_name") or _UNKNOWN,
        "hostname": name.partition(".")[0],
        "fqdn": full or name,
        "interface_list": [link["ifname"] for link in named(links)],
    }


def _made(eeprom: CommandResult, firmware: CommandResult) -> dict[str, str]:
    return _eeprom(eeprom) or _assignments(text_of(firmware))


def serial_number(eeprom: CommandResult, firmware: CommandResult) -> str:
    """Return the serial number, "Unknown" where the machine has none."""
    return _made(eeprom, firmware).get("product_serial") or _UNKNOWN


def _assignments(text: str) -> dict[str, str]:
    pairs = (line.partition("=") for line in text.splitlines())
    return {key.strip(): value.strip().strip('"') for key, equals, value in pairs if equals}


def _version(release: Mapping[str, str]) -> str:
    """Return the release; Cumulus 3 and 4 name it in lsb-release, 5 only in os-release."""
    if "Cumulus" in release.get("DISTRIB_ID", ""):
        return release.get("DISTRIB_RELEASE") or _UNKNOWN
    return release.get("VERSION_ID") or release.get("DISTRIB_RELEASE") or _UNKNOWN


def _eeprom(result: CommandResult) -> dict[str, str]:
    """Return model and serial number from the EEPROM; empty without one (virtual machines)."""
    if result.exit_status != 0:
        return {}
    try:
        fields = loads(result.stdout)["tlv"]
        return {
            "product_name": str(fields["Product Name"]["value"]),
            "product_serial": str(fields["Serial Number"]["value"]),
        }
    except (ValueError, KeyError, TypeError):
        raise unexpected(result, "the EEPROM's fields") from None


@getter(*USERS)
@reader
def parse_users(*results: CommandResult) -> dict[str, models.UsersDict]:
    """Return who can log in. Level 15: root, sudo, netedit; 1: netshow; 0: others.

    The password is the hash from /etc/shadow; "" where there is none or it is locked.
    """
    passwd, shadow, groups, keys = (text_of(result) for result in results)
    hashes = {line.split(":")[0]: line.split(":")[1] for line in shadow.splitlines() if ":" in line}
    members: dict[str, tuple[str, list[str]]] = {}
    for line in groups.splitlines():
        fields = line.split(":")
        if len(fields) >= 4:  # noqa: PLR2004 - name, password, number, members
            members[fields[0]] = (fields[2], fields[3].split(","))
    of_user: dict[str, list[str]] = {}
    for line in keys.splitlines():
        user, _, key = line.partition(":")
        if key.strip() and not key.lstrip().startswith("#"):
            of_user.setdefault(user, []).append(key.strip())
    found: dict[str, models.UsersDict] = {}
    for line in passwd.splitlines():
        fields = line.split(":")
        if re.search(r"/(nologin|false|sync)$", fields[6]):
            continue
        user, uid, gid = fields[0], fields[2], fields[3]
        belongs = {
            group for group, (number, names) in members.items() if user in names or number == gid
        }
        secret = hashes.get(user, "")
        found[user] = {
            "level": _level(uid, belongs),
            "password": "" if secret.startswith(("!", "*")) else secret,
            "sshkeys": of_user.get(user, []),
        }
    if not found:
        raise unexpected(results[0], "users")  # root always exists
    return found


def _level(uid: str, groups: set[str]) -> int:
    if uid == "0" or groups & {"sudo", "netedit", "nvset", "nvapply"}:
        return _FULL_RIGHTS
    return _SHOW_RIGHTS if groups & {"netshow", "nvshow"} else 0


@getter(*ENVIRONMENT)
@reader
def parse_environment(*results: CommandResult) -> models.EnvironmentDict:
    """Return the sensors of Cumulus' smonctl (none without it), CPU load, and RAM in kB."""
    sensors, memory, cpu = results
    rows = [] if sensors.exit_status == NOT_FOUND else rows_of(sensors)
    ram = {
        key: int(value.split()[0])
        for key, _, value in (line.partition(":") for line in text_of(memory).splitlines())
        if value.split()
    }
    if "MemTotal" not in ram:
        raise unexpected(memory, "the size of the memory")
    free = ram.get("MemAvailable", ram.get("MemFree", 0))
    return {
        "fans": {
            row["name"]: {"status": row.get("state") == "OK"}
            for row in rows
            if row.get("type") == "fan"
        },
        "temperature": {
            row["name"]: _temperature(row) for row in rows if row.get("type") == "temp"
        },
        "power": {
            row["name"]: {
                "status": row.get("state") == "OK",
                "capacity": -1.0,
                "output": _float(row.get("input")),
            }
            for row in rows
            if row.get("type") == "power"
        },
        "cpu": _usage(cpu),
        "memory": {"available_ram": ram["MemTotal"], "used_ram": ram["MemTotal"] - free},
    }


def _temperature(row: dict[str, Any]) -> models.TemperatureDict:
    degrees, highest, critical = (_float(row.get(key)) for key in ("input", "max", "crit"))
    return {
        "temperature": degrees,
        "is_alert": row.get("state") not in {"OK", "ABSENT"} or 0 < highest <= degrees,
        "is_critical": row.get("state") == "CRITICAL" or 0 < critical <= degrees,
    }


def _float(value: object) -> float:
    return float(value) if isinstance(value, (int, float)) else -1.0


def _usage(result: CommandResult) -> dict[int, models.CPUDict]:
    """Return the busy time of each CPU between the two readings, in percent."""
    readings: dict[int, list[list[int]]] = {}
    for line in text_of(result).splitlines():
        match = re.match(r"cpu(\d+) ", line)
        if match:
            readings.setdefault(int(match[1]), []).append(
                [int(field) for field in line.split()[1 : 1 + _CPU_FIELDS]]
            )
    usage: dict[int, models.CPUDict] = {}
    for number, pair in readings.items():
        spent = [after - before for before, after in zip(pair[0], pair[-1], strict=True)]
        idle = sum(spent[column] for column in _IDLE)
        total = sum(spent)
        usage[number] = {"%usage": round(100.0 * (total - idle) / total, 1) if total else 0.0}
    return usage
