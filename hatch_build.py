"""Puts the built web app into the wheel and the source distribution."""

import os
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

sys.path.insert(0, str(Path(__file__).parent / "scripts"))

import build_web


class WebBuildHook(BuildHookInterface):  # type: ignore[type-arg]
    """Builds the web app unless a build of the same sources is there, as it is in a source distribution.

    A build of other sources is taken when REGULARS_SKIP_WEB is set, or when there is no Node to make a new one.
    """

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable":
            return
        if not build_web.is_fresh() and not (os.environ.get("REGULARS_SKIP_WEB") and build_web.is_built()):
            try:
                build_web.build()
            except build_web.NoNode:
                if not build_web.is_built():
                    raise
        place = "regulars/_shipped/web" if self.target_name == "wheel" else "web/dist"
        build_data["force_include"][str(build_web.DIST)] = place
