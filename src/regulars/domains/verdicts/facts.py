"""What verdicts let operators see."""

from __future__ import annotations

from typing import Final

from regulars.platform.statements import load_statements
from regulars.platform.watch.model import Waits

_sql = load_statements(__package__)

WAITING: Final = (Waits("timers", "verdicts", _sql["waiting_verdicts"]),)
