"""Made-up names and addresses for the demo store's anonymous customers. Every address is at example.com."""

from __future__ import annotations

import random
import unicodedata
from dataclasses import dataclass
from typing import Final

_ENGLISH: Final = (
    "Alice Amelia Arthur Beatrix Charlie Clara Daisy Edith Elliot Emily Florence Freya George Grace Harriet Harry Isla "
    "Jack James Jasmine Joseph Leo Lily Lucy Matilda Maya Nadia Nina Oliver Oscar Phoebe Poppy Priya Rosie Ruby Sam "
    "Theo Thomas Violet William Zara",
    "Adams Ahmed Bailey Baker Barnes Bell Brooks Carter Clarke Cole Cooper Davies Ellis Evans Foster Gray Green Hall "
    "Harris Hughes Hunt Kaur Kelly Khan King Lewis Marsh Mills Morgan Murphy Owen Palmer Patel Price Reed Shaw Stone "
    "Turner Walker Ward Webb Wood Wright Young",
)
_GERMAN: Final = (
    "Anja Anton Birgit Claudia Emil Franziska Greta Hannah Jana Jonas Julia Karl Katrin Lena Lukas Marlene Max Mia "
    "Moritz Paul Petra Sabine Stefan Tobias Uwe",
    "Bauer Becker Braun Fischer Frank Graf Hartmann Hoffmann Huber Keller Klein Koch Krüger Lang Meyer Müller "
    "Richter Schäfer Schmidt Schulz Vogel Wagner Weber Wolf Zimmermann",
)
_FRENCH: Final = (
    "Amélie Antoine Camille Céline Chloé Claire Émile Gabriel Hugo Inès Jeanne Jules Léa Louis Louise Lucie Manon "
    "Mathieu Nathalie Nicolas Pauline Sophie Théo Thomas",
    "Bernard Blanc Bonnet Caron Chevalier Dubois Dupont Durand Faure Fontaine Garnier Girard Lambert Laurent Lefèvre "
    "Leroy Martin Mercier Moreau Petit Renard Robert Rousseau Roux",
)
_SOUTHERN: Final = (
    "Alessia Ana Bruno Carlos Carmen Chiara Diego Elena Francesca Giulia Inés Javier João Lucía Luca Marco Maria Marta "
    "Miguel Paolo Pedro Rafael Rosa Sofia Teresa",
    "Alves Bianchi Conti Costa Delgado Esposito Fernandes Ferrari García Gomez Lopez Marino Martins Moreno Navarro "
    "Pereira Ramos Ricci Romano Rossi Ruiz Santos Silva Torres",
)
_NORTHERN: Final = (
    "Anders Astrid Bram Daan Elin Emma Femke Freja Henrik Ingrid Jasper Johanna Karin Lars Lotte Maja Mats Niels Nora "
    "Saga Sander Signe Sven Tess",
    "Andersson Bakker Berg Dahl Dekker Eriksson Hansen Holm Jansen Jensen Johansson Korhonen Larsen Lindberg Mulder "
    "Nielsen Nilsson Olsen Smit Strand Svensson Virtanen Visser",
)
_POOLS: Final = {
    **dict.fromkeys(("DE", "AT", "CH"), _GERMAN),
    **dict.fromkeys(("FR", "BE"), _FRENCH),
    **dict.fromkeys(("ES", "PT", "IT", "BR", "GR", "CY", "MT"), _SOUTHERN),
    **dict.fromkeys(("NL", "SE", "NO", "DK", "FI", "IS"), _NORTHERN),
}


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody the demo store knows, or will. `user_id` is empty for those who only left an address."""

    user_id: str
    first_name: str
    last_name: str
    email: str
    country: str | None

    @property
    def traits(self) -> dict[str, object]:
        """As an identify call carries them."""
        known: dict[str, object] = {
            "name": f"{self.first_name} {self.last_name}",
            "first_name": self.first_name,
            "last_name": self.last_name,
            "email": self.email,
        }
        return known | ({"country": self.country} if self.country else {})


def dice(*names: object) -> random.Random:
    """A source of its own for each thing that is made up, so that leaving one out does not change the others."""
    return random.Random(":".join(map(str, names)))  # noqa: S311 - to be repeatable, not secret


def invent(source: random.Random, *, tag: str, user_id: str, country: str | None) -> Person:
    """A name that could be from there; `tag` keeps the address unique."""
    firsts, lasts = _POOLS.get(country or "", _ENGLISH)
    first, last = source.choice(firsts.split()), source.choice(lasts.split())
    return Person(user_id, first, last, f"{_plain(first)}.{_plain(last)}.{tag}@example.com", country)


def _plain(name: str) -> str:
    letters = unicodedata.normalize("NFKD", name.replace("ø", "o").lower())
    return "".join(letter for letter in letters if letter.isascii() and letter.isalpha())
