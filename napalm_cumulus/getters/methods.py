"""NAPALM's getters: each runs its query, and any set of them can share one round trip."""

from __future__ import annotations

import contextlib
import functools
import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from napalm.base import NetworkDriver, validate
from napalm.base import constants as c

from napalm_cumulus.config import snapshot
from napalm_cumulus.getters import (  # noqa: F401 - their parsers enter themselves
    bgp,
    bgp_config,
    bridge,
    interfaces,
    neighbors,
    ntp,
    optics,
    ping,
    routes,
    snmp,
    system,
)
from napalm_cumulus.getters.query import GETTERS, Getter, GetterQuery, ask
from napalm_cumulus.prefetched import PrefetchedTransport
from napalm_cumulus.result import CommandResult
from napalm_cumulus.ssh.transport import Transport

if TYPE_CHECKING:
    from napalm.base import models

_PING_SLACK = 30.0
#: traceroute sends 16 probes at a time and three to each hop.
_PROBES_AT_ONCE = 16
_PROBES = 3
_NO_ANSWERS: Mapping[str, CommandResult] = MappingProxyType({})


class CumulusGetters(NetworkDriver):
    """Everything that is read and nothing that is changed."""

    #: What was asked beforehand for the getters of a ``_one_round_trip`` block.
    _answers: Mapping[str, CommandResult] = _NO_ANSWERS

    def _run_many(
        self, commands: Sequence[str], *, timeout: float | None = None
    ) -> list[CommandResult]:
        raise NotImplementedError

    def _ask(self, query: GetterQuery) -> Any:  # noqa: ANN401 - one of NAPALM's models
        """Run the query's commands, unless they are answered already, and read them."""
        if all(command in self._answers for command in query.commands):
            return query.parse([self._answers[command] for command in query.commands])
        return query.parse(self._run_many(query.commands))

    @contextlib.contextmanager
    def _one_round_trip(self, calls: Iterable[tuple[str, Mapping[str, Any]]]) -> Iterator[None]:
        """Ask everything that these getters need at once; in the block they read those answers.

        A getter that is not known here, or called otherwise than announced, asks for itself. So
        the block may hold anything that calls getters: nornir_napalm's ``napalm_get``, NAPALM's
        validation. It must hold nothing that changes the switch.

        Args:
            calls: Names and arguments of the getters, as ``("get_arp_table", {"vrf": "mgmt"})``.
        """
        commands: dict[str, None] = {}
        for name, arguments in calls:
            if name == "get_config":
                commands[snapshot.READ] = None
            elif (query := ask(name, **arguments)) is not None:
                commands.update(dict.fromkeys(query.commands))
        if not commands:
            yield
            return
        results = self._run_many(list(commands))
        self._answers = MappingProxyType(dict(zip(commands, results, strict=True)))
        try:
            yield
        finally:
            self._answers = _NO_ANSWERS

    def _get_many(self, calls: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
        """Run several getters (name -> arguments) in one round trip; return results by name."""
        with self._one_round_trip(calls.items()):
            return {name: getattr(self, name)(**arguments) for name, arguments in calls.items()}

    def _answering(self, transport: Transport) -> Transport:
        """The session, which within a ``_one_round_trip`` block knows some answers already."""
        return PrefetchedTransport(transport, self._answers) if self._answers else transport

    def compliance_report(
        self,
        validation_file: str | None = None,
        validation_source: str | None = None,
    ) -> models.ReportResult:
        """NAPALM's validation, with all its getters in one round trip."""
        with self._one_round_trip(_announced(validation_file, validation_source)):
            return super().compliance_report(validation_file, validation_source)

    def ping(  # noqa: PLR0917 - NAPALM's signature
        self,
        destination: str,
        source: str = c.PING_SOURCE,
        ttl: int = c.PING_TTL,
        timeout: int = c.PING_TIMEOUT,
        size: int = c.PING_SIZE,
        count: int = c.PING_COUNT,
        vrf: str = c.PING_VRF,
        source_interface: str = c.PING_SOURCE_INTERFACE,
    ) -> models.PingResultDict:
        """Ping from the switch; lost packets are a result, a ping that cannot start is an error."""
        command = ping.ping_command(
            destination,
            source=source,
            ttl=ttl,
            timeout=timeout,
            size=size,
            count=count,
            vrf=vrf,
            source_interface=source_interface,
        )
        (result,) = self._run_many([command], timeout=count + timeout + _PING_SLACK)
        return ping.parse_ping(result)

    def traceroute(
        self,
        destination: str,
        source: str = c.TRACEROUTE_SOURCE,
        ttl: int = c.TRACEROUTE_TTL,
        timeout: int = c.TRACEROUTE_TIMEOUT,
        vrf: str = c.TRACEROUTE_VRF,
    ) -> models.TracerouteResultDict:
        """The way to a destination; needs the program of that name on the switch."""
        command = ping.traceroute_command(
            destination, source=source, ttl=ttl, timeout=timeout, vrf=vrf
        )
        longest = ttl * _PROBES / _PROBES_AT_ONCE * timeout
        (result,) = self._run_many([command], timeout=longest + _PING_SLACK)
        return ping.parse_traceroute(result)


def _method(entered: Getter) -> Callable[..., Any]:
    """The driver's method for a getter, with NAPALM's signature and its parser's docstring."""
    napalms = getattr(NetworkDriver, entered.name)
    signature = inspect.signature(napalms)

    @functools.wraps(napalms)
    def get(self: CumulusGetters, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - NAPALM's
        given = signature.bind(self, *args, **kwargs).arguments
        del given["self"]
        return self._ask(entered.query(**given))

    vars(get)["__signature__"] = signature  # which ``getfullargspec`` looks at, and NAPALM with it
    get.__doc__ = entered.parse.__doc__
    get.__module__, get.__qualname__ = __name__, f"{CumulusGetters.__name__}.{entered.name}"
    return get


for _entered in GETTERS.values():
    setattr(CumulusGetters, _entered.name, _method(_entered))


def _announced(file: str | None, source: object) -> Iterator[tuple[str, dict[str, Any]]]:
    """The getters that a validation names; what is wrong with it is for NAPALM to say."""
    if file:
        source = validate._get_validation_file(file)  # noqa: SLF001 - read exactly as NAPALM does
    for check in source if isinstance(source, list) else ():
        for name, rules in check.items() if isinstance(check, dict) else ():
            arguments = rules.get("_kwargs", {}) if isinstance(rules, dict) else {}
            if name != "get_config":  # NAPALM's validation leaves it out
                yield str(name), arguments
