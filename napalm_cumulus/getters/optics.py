"""Optical modules: their values as ``ethtool -m`` reads them from the modules."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from napalm_cumulus.getters.query import getter
from napalm_cumulus.parsing.output import reader, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from napalm_cumulus.result import CommandResult

#: An empty cage, a copper port and a virtual port do not answer; that is no error.
MODULES = (
    "command -v ethtool >/dev/null || { echo 'ethtool: not found' >&2; exit 127; }; "
    'for d in /sys/class/net/swp*/; do [ -e "$d" ] || continue; d=${d%/}; i=${d##*/}; '
    "case $i in *.*) continue;; esac; "
    'printf \'%s\\n\' "= $i"; ethtool -m "$i" 2>/dev/null; done; true'
)

#: No light is minus infinity, which JSON cannot write; this is the smallest value of the modules.
_DARK = -40.0
_FIELDS = {
    "laser bias current": "laser_bias_current",
    "laser tx bias current": "laser_bias_current",
    "laser output power": "output_power",
    "transmit avg optical power": "output_power",
    "receiver signal average optical power": "input_power",
    "rcvr signal avg optical power": "input_power",
}
_LINE = re.compile(r"^\s*([A-Za-z][\w ]*?)\s*(?:\(Channel (\d+)\))?\s*:\s*(.+?)\s*$")
_MILLIAMPERE = re.compile(r"(-?[\d.]+) mA")
_DBM = re.compile(r"(-?(?:[\d.]+|inf)) dBm")


@getter(MODULES)
@reader
def parse_optics(modules: CommandResult) -> dict[str, Any]:
    """Return power in dBm and bias current in mA, of the modules that measure them.

    A module has only the present value: average, minimum and maximum are 0.0.
    """
    found: dict[str, Any] = {}
    for name, text in _modules(text_of(modules)):
        channels: dict[int, dict[str, float]] = {}
        for line in text.splitlines():
            match = _LINE.match(line)
            key = _FIELDS.get(match[1].lower()) if match else None
            if match and key:
                value = _value(key, match[3])
                if value is not None:
                    channels.setdefault(int(match[2] or 1) - 1, {})[key] = value
        if channels:
            found[name] = {
                "physical_channels": {
                    "channel": [
                        {"index": index, "state": _state(values)}
                        for index, values in sorted(channels.items())
                    ]
                }
            }
    return found


def _modules(text: str) -> Iterator[tuple[str, str]]:
    first, *rest = re.split(r"^= (\S+)$", text, flags=re.MULTILINE)
    if first.strip():
        raise ValueError(f"unknown beginning {first[:40]!r}")
    yield from zip(rest[::2], rest[1::2], strict=True)


def _value(key: str, text: str) -> float | None:
    pattern = _MILLIAMPERE if key == "laser_bias_current" else _DBM
    match = pattern.search(text)
    if match is None:
        return None
    return _DARK if match[1].endswith("inf") else float(match[1])


def _state(values: dict[str, float]) -> dict[str, dict[str, float]]:
    return {
        key: {"instant": values.get(key, 0.0), "avg": 0.0, "min": 0.0, "max": 0.0}
        for key in ("input_power", "output_power", "laser_bias_current")
    }
