"""Where other programs enter: the ``vip`` command, and the plugins that every Nornir loads.

Vipkeeper's packages have plain names (``inventory``, ``tasks``, ``lab``), and Nornir loads every
plugin that is installed, in programs that have a file of such a name themselves. So this module has
a name of its own, and imports nothing of Vipkeeper until something of it is used. Then a file that
stands in the way is named.
"""

from __future__ import annotations

import importlib.util
import signal
import sys
from pathlib import Path
from typing import Any

_HOME = Path(__file__).resolve().parent
_OF_A_PLUGIN = ("nornir_config", "inventory")


class HiddenPackageError(ImportError):
    """A file or folder of another program stands where Python looks for one of our packages."""


class Plugin:
    """A plugin that is imported when it is called; it is equal to what it stands for."""

    def __init__(self, module: str, name: str) -> None:
        """Take the module of ours, and the class in it."""
        self._module, self._name = module, name
        self.__name__ = name

    def __call__(self, *args: Any, **options: Any) -> Any:  # noqa: ANN401 - the class's own
        """Return the plugin, made with Nornir's options.

        Raises:
            HiddenPackageError: a file of the program hides one of our packages.
        """
        require_own(*_OF_A_PLUGIN)
        return getattr(importlib.import_module(self._module), self._name)(*args, **options)

    def __eq__(self, other: object) -> bool:
        place = (getattr(other, "__module__", None), getattr(other, "__qualname__", None))
        return self is other or place == (self._module, self._name)

    def __hash__(self) -> int:
        return hash((self._module, self._name))

    def __repr__(self) -> str:
        return f"<plugin {self._module}:{self._name}>"


SiteInventory = Plugin("nornir_config.inventory_plugin", "SiteInventory")
FleetRunner = Plugin("nornir_config.runner.fleet", "FleetRunner")


def main() -> None:
    """Run ``vip``."""
    # Until its own handler is imported, Ctrl-C ends it as it ends any program: no traceback.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        require_own(*_OF_A_PLUGIN, "tasks", "runbooks", "lab")
    except HiddenPackageError as error:
        sys.stderr.write(f"vip: {error}\n")
        sys.exit(2)
    importlib.import_module("runbooks.cli.main").main()


def require_own(*names: str) -> None:
    """Look whether packages of these names are ours, without importing them.

    Raises:
        HiddenPackageError: one is not; the message names the file.
    """
    for name in names:
        found = _place(name)
        if found is not None and not _is_ours(found, name):
            raise HiddenPackageError(
                f"{found} hides Vipkeeper's package '{name}', because Python looks there first. "
                "Rename it, or run this program from another folder.",
                name=name,
                path=str(found),
            )


def _place(name: str) -> Path | None:
    """Return the file or folder of that name that Python has imported, or would."""
    try:
        found = importlib.util.find_spec(name)
    except ValueError:  # imported in a way of its own
        found = None
    if found is not None and found.has_location and found.origin:
        return Path(found.origin)
    at = getattr(sys.modules.get(name), "__file__", None)
    return Path(at) if at else None


def _is_ours(found: Path, name: str) -> bool:
    """Return whether it is the package that was installed with this module."""
    return found.resolve() == _HOME / name / "__init__.py"
