from __future__ import annotations

import re
from pathlib import Path

from regulars.providers.files.mapping import parse_mapping
from regulars.providers.files.presets import preset_names, read_mapping_text

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "mappings.md"


def test_the_reference_lists_every_shipped_mapping() -> None:
    assert set(re.findall(r"^\| `([a-z-]+)` \| ", PAGE.read_text("utf-8"), re.MULTILINE)) >= set(preset_names())


def test_the_references_example_is_a_mapping() -> None:
    (example,) = re.findall(r"```yaml\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    mapping = parse_mapping(read_mapping_text(example, "the reference"))
    assert mapping.lines
    assert mapping.consents[0].yes == ("yes", "ja")
