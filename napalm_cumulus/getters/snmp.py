"""SNMP: who may read what, from net-snmp's configuration."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from napalm_cumulus.getters.query import getter
from napalm_cumulus.getters.system import EEPROM, FIRMWARE, serial_number
from napalm_cumulus.parsing.output import reader, text_of, unexpected

if TYPE_CHECKING:
    from collections.abc import Iterator

    from napalm.base import models

    from napalm_cumulus.result import CommandResult

FILES = (
    "for f in /etc/snmp/snmpd.conf /etc/snmp/snmpd.conf.d/*.conf; do "
    '[ -f "$f" ] || continue; printf \'= %s\\n\' "$f"; cat "$f" || exit 1; echo; done'
)
SNMP = (FILES, EEPROM, FIRMWARE)

_MODES = {"rocommunity": "ro", "rocommunity6": "ro", "rwcommunity": "rw", "rwcommunity6": "rw"}
_ANYWHERE = {"", "default"}
_NO_ACL = "N/A"


@getter(*SNMP)
@reader
def parse_snmp_information(*results: CommandResult) -> models.SNMPDict:
    """Return the SNMP settings; community strings are in clear text, as in NAPALM's model.

    The chassis id is the serial number. The access list has the sources that may ask, "N/A" for no
    limit. Without a configuration there are no communities.
    """
    files, eeprom, firmware = results
    text = text_of(files)
    if text.strip() and not text.startswith("= /"):
        raise unexpected(files, "snmpd's configuration")
    contact = location = ""
    communities: dict[str, models.SNMPCommunityDict] = {}
    sources: dict[str, list[str]] = {}
    for word, arguments in _lines(text):
        if word == "syscontact":
            contact = " ".join(arguments)
        elif word == "syslocation":
            location = " ".join(arguments)
        elif word in _MODES and arguments:
            name = arguments[0]
            source = arguments[1] if len(arguments) > 1 else ""
            listed = sources.setdefault(name, [])
            if source not in listed:
                listed.append(source)
            known = communities.get(name)
            mode = "rw" if known and known["mode"] == "rw" else _MODES[word]
            communities[name] = {"acl": _acl(listed), "mode": mode}
        elif word in {"com2sec", "com2sec6"} and len(arguments) > 2:  # noqa: PLR2004 - three words
            # com2sec NAME SOURCE COMMUNITY; other lines give rights to groups, mostly to read.
            source, name = arguments[-2:]
            communities.setdefault(name, {"acl": _acl([source]), "mode": "ro"})
    return {
        "chassis_id": serial_number(eeprom, firmware),
        "community": communities,
        "contact": contact,
        "location": location,
    }


def _acl(sources: list[str]) -> str:
    return _NO_ACL if _ANYWHERE & set(sources) else ", ".join(sources)


def _lines(text: str) -> Iterator[tuple[str, list[str]]]:
    for line in text.splitlines():
        stripped = line.strip()
        if stripped and not stripped.startswith(("#", "= /")):
            try:
                word, *arguments = shlex.split(stripped, comments=False)
            except ValueError:  # an apostrophe in a location's name
                word, *arguments = stripped.split()
            yield word.lower(), arguments
