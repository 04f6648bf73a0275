"""Properties as the warehouse keeps them: flat maps by dotted path, in the very text forms PostgreSQL gives."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

import msgspec

from regulars.shared.forms import flattened, number_form

# As Decimal a number keeps its digits (0.10, 12345678901234567890.5), which a float would lose.
_decoder: Final = msgspec.json.Decoder(dict[str, Any], float_hook=Decimal)


def flatten(properties: str) -> tuple[dict[str, str], dict[str, float]]:
    """The text form and, where there is one, the number of every property. Nulls are absent."""
    texts = flattened(_decoder.decode(properties))
    numbers = {path: number for path, text in texts.items() if (number := number_form(text)) is not None}
    return texts, numbers
