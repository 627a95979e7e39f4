"""NAPALM's templates, found by the driver's public name and refused in NAPALM's words."""

from __future__ import annotations

from typing import Any, Protocol, cast

from napalm.base import NetworkDriver
from napalm.base.exceptions import (
    NapalmException,
    TemplateNotImplemented,
    TemplateRenderException,
)
from napalm.base.helpers import load_template

from napalm_cumulus import values


class Driver(Protocol):
    """What a template is loaded into."""

    platform: str

    def load_merge_candidate(self, filename: str | None = None, config: str | None = None) -> None:
        """Merge the outcome."""


def load(driver: Driver, name: object, source: object, path: object, given: dict[str, Any]) -> None:
    """Render a template and load the outcome as a merge.

    Args:
        driver: the driver.
        name: the template's, without ``.j2``.
        source: its text, instead of a file.
        path: the folder with ``cumulus/templates``; None for the driver's own.
        given: NAPALM's further arguments and the template's variables.

    Raises:
        TemplateNotImplemented: there is no such template, or an argument makes no sense.
        TemplateRenderException: it cannot be rendered.
        MergeConfigException: the outcome is refused.
    """
    with values.refused_as(TemplateNotImplemented, "load_template: "):
        called = values.text(name, "template_name")
        text = None if source is None else values.text(source, "template_source")
        folder = None if path is None else str(values.path(path, "template_path"))
    found: object = driver
    if folder is not None:
        # NAPALM looks for the folder of the module of what it loads into.
        found = type("Named", (), {"__module__": driver.platform})()
        vars(found)["load_merge_candidate"] = driver.load_merge_candidate
    try:
        load_template(cast("NetworkDriver", found), called, text, folder, **given)
    except NapalmException:
        raise
    except OSError as error:
        raise TemplateNotImplemented(f"load_template: {error}") from error
    except Exception as error:  # whatever an expression in a template raises
        raise TemplateRenderException(
            f"Unable to render the Jinja config template {called}: {error}"
        ) from error
