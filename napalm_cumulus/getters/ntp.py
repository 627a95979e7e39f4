"""Time: the configured servers and peers, and what the running daemon says of them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from napalm_cumulus.getters.query import getter
from napalm_cumulus.parsing.output import NOT_FOUND, reader, text_of, unexpected

if TYPE_CHECKING:
    from collections.abc import Iterator

    from napalm.base import models

    from napalm_cumulus.result import CommandResult

#: The files of ntpd, ntpsec, chrony and systemd-timesyncd, each after its name.
FILES = (
    "for f in /etc/ntp.conf /etc/ntpsec/ntp.conf /etc/chrony.conf /etc/chrony/chrony.conf "
    "/etc/chrony/conf.d/*.conf /etc/chrony/sources.d/*.sources /etc/systemd/timesyncd.conf "
    "/etc/systemd/timesyncd.conf.d/*.conf; do "
    '[ -f "$f" ] || continue; printf \'= %s\\n\' "$f"; cat "$f" || exit 1; echo; done'
)
#: Cumulus may run ntpd in the management VRF, which a session in another VRF does not reach.
NTPQ = (
    "command -v ntpq >/dev/null || { echo 'ntpq: not found' >&2; exit 127; }; "
    'out=$(ntpq -pn); [ -n "$out" ] || [ ! -d /sys/class/net/mgmt ] || '
    "out=$(ip vrf exec mgmt ntpq -pn); printf '%s\\n' \"$out\""
)
CHRONY_SOURCES = "chronyc -n -c sources"
CHRONY_JITTER = "chronyc -n -c sourcestats"
TIMESYNC = "timedatectl show-timesync --all"
STATS = (NTPQ, CHRONY_SOURCES, CHRONY_JITTER, TIMESYNC)

_PORT = 123
_VERSION = 4
_CHRONY_COLUMNS = 10
_CHRONY_STDDEV = 7
_CHRONY_NEVER = str(2**32 - 1)
_CHRONY_MODES = {"^": "u", "=": "s", "#": "l"}
_NTPQ_COLUMNS = 10
_TIMESYNCD = re.compile(r"(?:Fallback)?NTP\s*=\s*(.*)")
_SECONDS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0}


def _statements(files: CommandResult) -> Iterator[list[str]]:
    """Yield the words of every line ``server``, ``peer`` or ``pool``."""
    for line in text_of(files).splitlines():
        words = line.split("#")[0].split()
        match = _TIMESYNCD.match(line.strip())
        if match and not line.startswith("Fallback"):
            for name in match[1].split():
                yield ["server", name]
        elif len(words) > 1 and words[0] in {"server", "peer", "pool"}:
            # ntpd accepts -4 and -6 before the name.
            yield [words[0], *(word for word in words[1:] if word not in {"-4", "-6"})]


def _is_clock(name: str) -> bool:
    """Return whether it is ntpd's name for a clock in the machine itself."""
    return name.startswith("127.127.")


def _check(files: CommandResult) -> None:
    text = text_of(files)
    if text.strip() and not text.startswith("= /"):
        raise unexpected(files, "configuration files of a time daemon")


@getter(FILES)
@reader
def parse_ntp_servers(files: CommandResult) -> dict[str, models.NTPServerDict]:
    """Return the NTP servers, from the files of whichever daemon is there; with pools."""
    _check(files)
    found: dict[str, models.NTPServerDict] = {}
    for kind, name, *options in _statements(files):
        if kind != "peer" and not _is_clock(name):
            found[name] = {
                "address": name,
                "port": _number(options, "port", _PORT),
                "version": _number(options, "version", _VERSION),
                "association_type": kind.upper(),
                "iburst": "iburst" in options,
                "prefer": "prefer" in options,
                "network_instance": "",
                "source_address": "",
                "key_id": _number(options, "key", -1),
            }
    return found


def _number(options: list[str], name: str, default: int) -> int:
    at = options.index(name) + 1 if name in options else len(options)
    return int(options[at]) if at < len(options) else default


@getter(FILES)
@reader
def parse_ntp_peers(files: CommandResult) -> dict[str, models.NTPPeerDict]:
    """Return the NTP peers; NAPALM's model has only their names."""
    _check(files)
    return {words[1]: {} for words in _statements(files) if words[0] == "peer"}


@getter(*STATS)
@reader
def parse_ntp_stats(*results: CommandResult) -> list[models.NTPStats]:
    """Return the statistics of the time daemon that answers, in ms; [] where none is installed.

    Raises:
        CommandErrorException: a daemon is installed, and none answers.
    """
    ntpq, sources, jitter, timesync = results
    failed: CommandResult | None = None
    if ntpq.exit_status != NOT_FOUND:
        # ntpq ends with status 0 even when no daemon answers.
        if ntpq.exit_status == 0 and ntpq.stdout.strip():
            return _of_ntpq(ntpq)
        failed = ntpq
    if sources.exit_status != NOT_FOUND:
        if sources.exit_status == 0:
            return _of_chrony(sources, jitter)
        failed = failed or sources
    if timesync.exit_status == 0 and b"ServerAddress=" in timesync.stdout:
        return _of_timesyncd(timesync)
    if failed is not None:
        if failed.exit_status == 0 and not failed.stderr:
            raise unexpected(failed, "associations")
        if failed.exit_status == 0 and b"No association" not in failed.stderr:
            raise unexpected(failed, f"associations ({failed.stderr.decode('utf-8', 'replace')})")
        if failed.exit_status != 0:
            text_of(failed)
    return []


def _of_ntpq(result: CommandResult) -> list[models.NTPStats]:
    found: list[models.NTPStats] = []
    header, _, body = text_of(result).partition("====")
    if "remote" not in header or "refid" not in header:
        raise unexpected(result, "ntpq's table")
    for line in body.lstrip("=").splitlines():
        columns = line[1:].split()
        if len(columns) < _NTPQ_COLUMNS:
            if columns:
                raise unexpected(result, "ntpq's ten columns")
            continue
        remote, refid, stratum, kind, when, poll, reach, delay, offset, jitter = columns[:10]
        found.append(
            {
                "remote": remote,
                "referenceid": refid,
                "synchronized": line[0] in "*o",
                "stratum": int(stratum),
                "type": kind,
                "when": when,
                "hostpoll": int(poll),
                "reachability": int(reach, 8),
                "delay": float(delay),
                "offset": float(offset),
                "jitter": float(jitter),
            }
        )
    return found


def _of_chrony(sources: CommandResult, jitter: CommandResult) -> list[models.NTPStats]:
    """Return chrony's table; it has no delays, which are -1.0."""
    deviations = {
        row[0]: float(row[_CHRONY_STDDEV]) * 1000
        for row in (line.split(",") for line in text_of(jitter).splitlines())
        if len(row) > _CHRONY_STDDEV and int(row[1]) > 0
    }
    found: list[models.NTPStats] = []
    for line in text_of(sources).splitlines():
        row = line.split(",")
        if len(row) < _CHRONY_COLUMNS or row[0] not in _CHRONY_MODES:
            raise unexpected(sources, "chrony's ten columns")
        mode, state, name, stratum, poll, reach, when, offset = row[:8]
        found.append(
            {
                "remote": name,
                "referenceid": "",
                "synchronized": state == "*",
                "stratum": int(stratum),
                "type": _CHRONY_MODES[mode],
                "when": "-" if when == _CHRONY_NEVER else when,
                "hostpoll": 2 ** int(poll) if int(poll) >= 0 else 1,
                "reachability": int(reach, 8),
                "delay": -1.0,
                "offset": float(offset) * 1000,
                "jitter": deviations.get(name, -1.0),
            }
        )
    return found


def _of_timesyncd(result: CommandResult) -> list[models.NTPStats]:
    """Return the only server of systemd-timesyncd."""
    values: dict[str, Any] = {}
    for line in text_of(result).splitlines():
        key, _, value = line.partition("=")
        values[key] = value.strip()
    if not values.get("ServerAddress"):
        return []
    message = dict(re.findall(r"(\w+)=([^\s,]+)", values.get("NTPMessage", "")))
    return [
        {
            "remote": values["ServerAddress"],
            "referenceid": message.get("Reference", ""),
            "synchronized": message.get("Ignored") == "no",
            "stratum": int(message.get("Stratum", 16)),
            "type": "u",
            "when": "-",
            "hostpoll": int(_milliseconds(values.get("PollIntervalUSec", "0s")) // 1000),
            "reachability": -1,
            "delay": -1.0,
            "offset": -1.0,
            "jitter": _milliseconds(message.get("Jitter", "")),
        }
    ]


def _milliseconds(text: str) -> float:
    """Return a time span of systemd in milliseconds; -1.0 if there is none.

    >>> _milliseconds("34min 8s"), _milliseconds("1.234ms"), _milliseconds("0"), _milliseconds("")
    (2048000.0, 1.234, 0.0, -1.0)
    """
    parts = re.findall(r"([\d.]+)(us|ms|s|min|h)\b", text)
    if not parts:
        return 0.0 if text == "0" else -1.0
    return float(round(sum(float(number) * _SECONDS[unit] for number, unit in parts) * 1000, 6))
