"""What the shell completes. It is quick and asks nobody: only what is kept on this machine."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from collections.abc import Callable


def words(*known: str) -> Callable[[str], list[str]]:
    """Return what completes one of some words."""
    return lambda incomplete: [word for word in known if word.startswith(incomplete)]


def checks(incomplete: str) -> list[str]:
    """Return the ids of checks that begin so."""
    from tasks.health.judge import check_ids

    return sorted(name for name in check_ids() if name.startswith(incomplete))


def switches(ctx: typer.Context, incomplete: str) -> list[str]:
    """Return the names of known switches that begin so.

    They are those of the kept answers, and those that were looked at. A failure completes nothing:
    a shell has no place for a message.
    """
    with suppress(Exception):
        from inventory.disk_cache import Cache
        from inventory.leafs import LeafMemory
        from nornir_config.settings import load_settings

        cache = load_settings(ctx.find_root().params.get("config")).paths.cache
        known = {*Cache(cache).switches(), *(leaf.name for leaf in LeafMemory(cache).known())}
        return sorted(name for name in known if name.startswith(incomplete))
    return []


def reports(ctx: typer.Context, incomplete: str) -> list[str]:
    """Return the names of reports that begin so, the newest first."""
    with suppress(Exception):
        from nornir_config.settings import load_settings

        directory = load_settings(ctx.find_root().params.get("config")).paths.reports
        known = sorted((path.stem for path in directory.glob("*.json")), reverse=True)
        return [name for name in ("last", *known) if name.startswith(incomplete)]
    return []
