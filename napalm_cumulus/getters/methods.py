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
from napalm.base.exceptions import ValidationException

from napalm_cumulus import values
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
#: traceroute sends 16 probes at a time, and three to each hop.
_PROBES_AT_ONCE = 16
_PROBES = 3
_PING_DEFAULTS = {
    "source": c.PING_SOURCE,
    "ttl": c.PING_TTL,
    "timeout": c.PING_TIMEOUT,
    "size": c.PING_SIZE,
    "count": c.PING_COUNT,
    "vrf": c.PING_VRF,
    "source_interface": c.PING_SOURCE_INTERFACE,
}
_TRACEROUTE_DEFAULTS = {
    "source": c.TRACEROUTE_SOURCE,
    "ttl": c.TRACEROUTE_TTL,
    "timeout": c.TRACEROUTE_TIMEOUT,
    "vrf": c.TRACEROUTE_VRF,
}
_NO_ANSWERS: Mapping[str, CommandResult] = MappingProxyType({})


class CumulusGetters(NetworkDriver):
    """The methods that read a switch and change nothing."""

    #: The answers to the queries of a ``_one_round_trip`` block.
    _answers: Mapping[str, CommandResult] = _NO_ANSWERS

    def _root_session(self) -> Transport:
        raise NotImplementedError

    def _run_many(
        self, commands: Sequence[str], *, timeout: float | None = None
    ) -> list[CommandResult]:
        raise NotImplementedError

    def _ask(self, query: GetterQuery) -> Any:  # noqa: ANN401 - one of NAPALM's models
        """Run the query's commands, unless they are answered already, and parse the results."""
        if all(command in self._answers for command in query.commands):
            return query.parse([self._answers[command] for command in query.commands])
        self._root_session()
        return query.parse(self._run_many(query.commands))

    @contextlib.contextmanager
    def _one_round_trip(self, calls: Iterable[tuple[str, Mapping[str, Any]]]) -> Iterator[None]:
        """Run the commands of these getters at once; in the block the getters read those answers.

        A getter that is not known here, or is called with other arguments, runs its own commands.
        So the block may contain anything that calls getters: nornir_napalm's ``napalm_get``,
        NAPALM's validation. It must contain nothing that changes the switch.

        Args:
            calls: names and arguments of the getters, such as ``("get_arp_table", {"vrf":
                "mgmt"})``.
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
        self._root_session()
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
        """Return the session, which within a ``_one_round_trip`` block has some answers already."""
        return PrefetchedTransport(transport, self._answers) if self._answers else transport

    def compliance_report(
        self,
        validation_file: str | None = None,
        validation_source: str | None = None,
    ) -> models.ReportResult:
        """Run NAPALM's validation, with all its getters in one round trip.

        Raises:
            ValidationException: the rules cannot be read, or are not valid.
        """
        if validation_file:
            # Read in the same way as NAPALM does.
            with values.refused_as(ValidationException):
                path = str(values.path(validation_file, "validation_file"))
            source: Any = validate._get_validation_file(path)  # noqa: SLF001
        else:
            source = validation_source
        self._require_rules(source)
        with self._one_round_trip(_announced(source)):
            return super().compliance_report(None, source)

    def _require_rules(self, source: object) -> None:
        """Raise for rules with which NAPALM's validation would crash.

        Raises:
            ValidationException: the rules are not a list of getters with rules.
        """
        if not isinstance(source, list) or not all(map(_is_check, source)):
            raise ValidationException(
                "The rules of a validation are a list; each entry is a getter with a mapping of "
                f"the values that it must return, not {values.shown(source)}."
            )
        for name, arguments in _announced(source):
            method = getattr(self, name, None)
            if method is None:
                raise ValidationException(f"There is no getter {values.shown(name)} to validate.")
            try:
                inspect.signature(method).bind(**arguments)
            except TypeError as error:
                raise ValidationException(f"{name} cannot be called so: {error}.") from error

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
        probe = ping.probe(
            "ping",
            destination,
            _PING_DEFAULTS,
            source=source,
            ttl=ttl,
            timeout=timeout,
            size=size,
            count=count,
            vrf=vrf,
            source_interface=source_interface,
        )
        longest = probe.count + probe.timeout
        (result,) = self._run_many([probe.ping_command], timeout=longest + _PING_SLACK)
        return ping.parse_ping(result)

    def traceroute(
        self,
        destination: str,
        source: str = c.TRACEROUTE_SOURCE,
        ttl: int = c.TRACEROUTE_TTL,
        timeout: int = c.TRACEROUTE_TIMEOUT,
        vrf: str = c.TRACEROUTE_VRF,
    ) -> models.TracerouteResultDict:
        """Trace the route to a destination; the switch needs the program ``traceroute``."""
        probe = ping.probe(
            "traceroute",
            destination,
            _TRACEROUTE_DEFAULTS,
            source=source,
            ttl=ttl,
            timeout=timeout,
            vrf=vrf,
        )
        longest = probe.ttl * _PROBES / _PROBES_AT_ONCE * probe.timeout
        (result,) = self._run_many([probe.traceroute_command], timeout=longest + _PING_SLACK)
        return ping.parse_traceroute(result)


def _method(entered: Getter) -> Callable[..., Any]:
    """Return the driver's method for a getter: NAPALM's signature, the parser's docstring."""
    napalms = getattr(NetworkDriver, entered.name)
    signature = inspect.signature(napalms)

    @functools.wraps(napalms)
    def get(self: CumulusGetters, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - NAPALM's
        given = signature.bind(self, *args, **kwargs).arguments
        del given["self"]
        return self._ask(entered.query(**given))

    vars(get)["__signature__"] = signature  # NAPALM looks at it by ``getfullargspec``
    get.__doc__ = entered.parse.__doc__
    get.__module__, get.__qualname__ = __name__, f"{CumulusGetters.__name__}.{entered.name}"
    return get


for _entered in GETTERS.values():
    setattr(CumulusGetters, _entered.name, _method(_entered))


def _is_check(check: object) -> bool:
    return isinstance(check, dict) and all(
        isinstance(name, str)
        and isinstance(rules, dict)
        and isinstance(arguments := rules.get("_kwargs", {}), dict)
        and all(isinstance(argument, str) for argument in arguments)
        for name, rules in check.items()
    )


def _announced(source: Any) -> Iterator[tuple[str, dict[str, Any]]]:  # noqa: ANN401 - from a file
    """Yield the getters that a validation names, with their arguments."""
    for check in source:
        for name, rules in check.items():
            if name != "get_config":  # NAPALM's validation skips it
                yield name, rules.get("_kwargs", {})
