"""The page on which a customer says no to further mail: plain, readable in light and dark, without scripts."""

from __future__ import annotations

from html import escape
from string import Template
from typing import Final

_PAGE: Final = Template("""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>$title</title>
<style>
:root { color-scheme: light dark; --ground: #faf9f7; --card: #ffffff; --ink: #1f1d1a; --soft: #5c5750; --line: #dcd7cf;
  --act: #1d4ed8; --on-act: #ffffff; }
@media (prefers-color-scheme: dark) { :root { --ground: #171513; --card: #211f1c; --ink: #f3efe9; --soft: #b8b0a5;
  --line: #45403a; --act: #93b4ff; --on-act: #101522; } }
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1.5rem; background: var(--ground);
  color: var(--ink); font: 1.0625rem/1.6 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
main { width: 100%; max-width: 30rem; padding: 2rem; background: var(--card); border: 1px solid var(--line);
  border-radius: 0.75rem; }
h1 { margin: 0 0 0.75rem; font-size: 1.5rem; line-height: 1.25; overflow-wrap: anywhere; }
p { margin: 0 0 1.25rem; color: var(--soft); overflow-wrap: anywhere; }
form { margin: 0 0 0.75rem; }
button { width: 100%; min-height: 3rem; padding: 0.5rem 1rem; font: inherit; font-weight: 600; border-radius: 0.5rem;
  border: 1px solid var(--act); background: var(--act); color: var(--on-act); cursor: pointer; }
button.second { background: transparent; color: var(--act); }
button:focus-visible { outline: 3px solid var(--ink); outline-offset: 3px; }
</style>
</head>
<body>
<main>
<h1>$title</h1>
<p role="status">$words</p>
$actions
</main>
</body>
</html>
""")
_ASK: Final = """<form method="post"><button type="submit">Unsubscribe</button></form>
<form method="post" action="?all=1"><button type="submit" class="second">Unsubscribe from all mail</button></form>"""


def ask(*, company: str, topic: str, address: str | None) -> str:
    whom = f" to {_masked(address)}" if address else ""
    words = f"You will get no more mail about {_spoken(topic)} from {company}{whom}."
    return _page(f"Unsubscribe from {company}?", words, _ASK)


def done(*, company: str, topic: str, everything: bool) -> str:
    what = "mail" if everything else f"mail about {_spoken(topic)}"
    words = f"{company} will send you no more {what}. Mail you ask for yourself, such as receipts, still arrives."
    return _page("You are unsubscribed", words, "")


def stranger() -> str:
    words = "This link is not known here, or a part of it is missing. Try to follow it again from the mail itself."
    return _page("Link not known", words, "")


def _page(title: str, words: str, actions: str) -> str:
    return _PAGE.substitute(title=escape(title), words=escape(words), actions=actions)


def _spoken(topic: str) -> str:
    return topic.replace("_", " ").replace("-", " ")


def _masked(address: str) -> str:
    """Enough for its owner to know it: whoever else was sent the link learns no address from it."""
    local, _, domain = address.partition("@")
    return f"{local[:1]}…@{domain}"
