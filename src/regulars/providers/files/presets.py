"""The mappings that are shipped, and how a mapping is found: by a preset's name, or in a YAML or JSON file."""

from __future__ import annotations

import re
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Final

import yaml

from regulars.providers.files.mapping import FileMapping, Kind, parse_mapping
from regulars.providers.files.model import UnknownMapping, WrongMapping, listed, nearest

mapping_bytes_max: Final = 262_144
_SHIPPED: Final = files("regulars.providers.files") / "presets"


def preset_names() -> list[str]:
    return sorted(entry.name.removesuffix(".yaml") for entry in _SHIPPED.iterdir() if entry.name.endswith(".yaml"))


def preset(name: str) -> FileMapping:
    return parse_mapping(read_mapping_text(preset_text(name), name))


def preset_text(name: str) -> str:
    """A preset as it is written, to be copied and changed."""
    names = preset_names()
    if name not in names:
        raise UnknownMapping(f"There is no mapping {name!r}.{nearest(name, names)} Shipped mappings: {listed(names)}.")
    return (_SHIPPED / f"{name}.yaml").read_text("utf-8")


def find_mapping(name_or_file: str, *, kind: Kind | None = None, shift_days: int | None = None) -> FileMapping:
    """Raises UnknownMapping or WrongMapping. `kind`, if said, must be the mapping's."""
    path = Path(name_or_file)
    if name_or_file in preset_names():
        mapping = preset(name_or_file)
    elif path.suffix.lower() in (".yaml", ".yml", ".json") or path.is_file():
        mapping = parse_mapping(read_mapping_text(_text_of(path), path.name))
    else:
        mapping = preset(name_or_file)
    if kind is not None and mapping.kind != kind:
        raise WrongMapping(f"The mapping {name_or_file!r} is for {mapping.kind}, not {kind}.")
    return mapping if shift_days is None else replace(mapping, shift_days=shift_days)


def _text_of(path: Path) -> str:
    try:
        if path.stat().st_size > mapping_bytes_max:
            raise WrongMapping(f"{path.name} is longer than {mapping_bytes_max:,} bytes; is it a mapping?")
        return path.read_text("utf-8")
    except UnicodeDecodeError:
        raise WrongMapping(f"The mapping {path.name} is not UTF-8.") from None
    except OSError as problem:
        raise UnknownMapping(f"The mapping {str(path)!r} cannot be read: {problem.strerror}.") from problem


def read_mapping_text(text: str, name: str) -> object:
    """What YAML or JSON says. Raises WrongMapping with the place."""
    try:
        return yaml.load(text, _Loader)  # noqa: S506 - a safe loader, see below
    except (yaml.YAMLError, RecursionError) as problem:
        mark = getattr(problem, "problem_mark", None)
        where = f" (line {mark.line + 1}, column {mark.column + 1})" if mark else ""
        what = getattr(problem, "problem", None) or "it cannot be parsed"
        raise WrongMapping(f"The mapping {name} is not YAML or JSON: {what}{where}.") from None


class _Loader(yaml.SafeLoader):
    """Safe, and with the booleans of YAML 1.2: `yes`, `no` and `NO` (Norway) are words."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:bool"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"true|True|TRUE|false|False|FALSE"), list("tTfF"))
