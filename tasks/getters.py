"""Asks a switch for several things at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nornir_napalm.plugins.tasks import napalm_get

from nornir_config.connection import read_device

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from nornir.core.task import Result, Task


def get(
    task: Task,
    getters: Sequence[str],
    getters_options: Mapping[str, Mapping[str, Any]] | None = None,
    **kwargs: Any,  # noqa: ANN401 - nornir_napalm's
) -> Result:
    """Run nornir_napalm's ``napalm_get`` with all getters in one round trip. This is a Nornir task.

    Args:
        task: the task on the switch.
        getters: names with or without ``get_``.
        getters_options: arguments of single getters, by the name in ``getters``.
        **kwargs: arguments of every getter.

    Returns:
        A Result with the answers by name.
    """
    device = read_device(task)
    names = [getters] if isinstance(getters, str) else list(getters)
    options = {name: {**kwargs, **(getters_options or {}).get(name, {})} for name in names}
    calls = [(f"get_{name.removeprefix('get_')}", options[name]) for name in names]
    with device._one_round_trip(calls):  # noqa: SLF001 - NAPALM's contract allows no other public name
        result: Result = napalm_get(task, names, options)
    return result
