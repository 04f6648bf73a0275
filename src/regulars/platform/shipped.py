"""Files that ship with the package: migrations and the built web app. In a checkout they lie beside `src`."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[1]
_CHECKOUT = _PACKAGE.parents[1]


def migrations() -> Path:
    return _first(_PACKAGE / "_shipped" / "migrations", _CHECKOUT / "migrations")


def web() -> Path:
    """The built web app. The folder may be missing in a checkout where it was never built."""
    return _first(_PACKAGE / "_shipped" / "web", _CHECKOUT / "web" / "dist")


def _first(packaged: Path, checkout: Path) -> Path:
    return packaged if packaged.is_dir() else checkout
