"""Write `web/openapi.json`, the admin API as the code describes it.

    python scripts/export_openapi.py            write it
    python scripts/export_openapi.py --check    fail when it is not what the code describes

The web client's types are made from it (`make api`), and a change of the API shows as a change of this file.
"""

import json
import sys
from pathlib import Path
from typing import Any, cast

from psycopg_pool import AsyncConnectionPool

from regulars.bootstrap import ROUTERS, public_routes
from regulars.domains.members.api import Gatekeeper
from regulars.platform.http.app import make_app
from regulars.platform.unit import Units
from regulars.shared.clock import SystemClock
from regulars.shared.ids import Ids

FILE = Path(__file__).resolve().parent.parent / "web" / "openapi.json"


def document() -> str:
    """The description as text, always the same for the same code."""
    nowhere = cast(AsyncConnectionPool[Any], None)  # describing the routes asks no database
    units = Units(nowhere, SystemClock(), Ids())
    app = make_app(routers=ROUTERS, gatekeeper=Gatekeeper(units), units=units, public_routes=public_routes())
    return json.dumps(app.openapi(), indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def main(arguments: list[str]) -> int:
    match arguments:
        case []:
            FILE.write_text(document(), encoding="utf-8")
            return 0
        case ["--check"]:
            if FILE.is_file() and FILE.read_text(encoding="utf-8") == document():
                return 0
            print("web/openapi.json is not what the code describes; `make api` writes it anew.", file=sys.stderr)
            return 1
        case _:
            print(__doc__, file=sys.stderr)
            return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
