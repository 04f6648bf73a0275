"""How long the product was away after each kill."""

from __future__ import annotations

from collections import defaultdict
from statistics import median

from tests.faults.checker import Figures


class Waits:
    def __init__(self) -> None:
        self._ready: defaultdict[str, list[float]] = defaultdict(list)
        self._ticked: defaultdict[str, list[float]] = defaultdict(list)
        self._killed_again = 0

    def ready(self, kind: str, seconds: float) -> None:
        """From the kill to the first answer that it is ready."""
        self._ready[kind].append(seconds)

    def ticked(self, kind: str, seconds: float) -> None:
        """From the kill to the first tick that was committed."""
        self._ticked[kind].append(seconds)

    def killed_again(self) -> None:
        """Before it was ready."""
        self._killed_again += 1

    def figures(self) -> Figures:
        told: Figures = {"killed again before ready": self._killed_again}
        for what, kinds in (("ready", self._ready), ("first tick", self._ticked)):
            everything = {"any": [one for found in kinds.values() for one in found], **kinds}
            for kind, found in sorted(everything.items()):
                if found:
                    middle, most = round(1000 * median(found)), round(1000 * max(found))
                    told[f"{what} after {kind}"] = f"{len(found)} times, p50 {middle} ms, max {most} ms"
        return told
