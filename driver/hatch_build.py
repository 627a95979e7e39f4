"""Find the package for the build: one level up in a checkout, here in an unpacked sdist."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class PackageFinder(BuildHookInterface[Any]):
    """Adds napalm_cumulus to the wheel and to the sdist."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the files, unless the install is editable and leads to where they are."""
        if version == "editable":
            return
        here = Path(self.root)
        package = here / "napalm_cumulus"
        if not package.is_dir():
            package = here.parent / "napalm_cumulus"
        files = build_data["force_include"]
        # The licence is a link to the one of the checkout: an sdist needs the file.
        build_data["force_include"] = {
            str(Path(source).resolve()): name for source, name in files.items()
        } | {str(package): "napalm_cumulus"}
