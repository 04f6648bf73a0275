"""Who is who: decided message by message, in the order they came, purely from what is known."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Final

from regulars.domains.customers.model import (
    AnswerUnclear,
    Identifier,
    Kind,
    ListMalformed,
    Mention,
    Merge,
    Pointer,
    Resolution,
)
from regulars.shared.errors import Fault
from regulars.shared.ids import CustomerId, UnknownId, inside

list_name_chars_max: Final = 120
list_changes_max: Final = 1_000
_WORD: Final = re.compile(r"[A-Za-z0-9_-]{1,60}|\*")


def resolve(
    mentions: Iterable[Mention],
    *,
    known: Mapping[Identifier, CustomerId],
    with_user_id: Iterable[CustomerId],
    apart: Iterable[frozenset[CustomerId]],
    new_customer: Callable[[], CustomerId],
) -> Resolution:
    """Gives every mention a customer.

    `known` says where identifiers point now, `with_user_id` which of those customers have a user id, `apart` which
    pairs a member has taken apart. Ids grow with time, so of two equals the smaller one is the older and is kept.
    """
    return _Resolver(dict(known), set(with_user_id), set(apart), new_customer).run(mentions)


class _Resolver:
    def __init__(
        self,
        points_to: dict[Identifier, CustomerId],
        with_user_id: set[CustomerId],
        apart: set[frozenset[CustomerId]],
        new_customer: Callable[[], CustomerId],
    ) -> None:
        self._points_to = points_to
        self._with_user_id = with_user_id
        self._apart = apart
        self._new_customer = new_customer
        self._absorbed: dict[CustomerId, CustomerId] = {}
        self._customers: dict[CustomerId, datetime] = {}
        self._joined: dict[Identifier, tuple[CustomerId, datetime]] = {}
        self._merges: list[Merge] = []

    def run(self, mentions: Iterable[Mention]) -> Resolution:
        for mention in mentions:
            home = self._home_of(mention)
            for identifier in mention.identifiers:
                self._bring(identifier, home, mention)
                home = self._now(home)
            if mention.previous is not None:
                self._alias(mention.previous, home, mention)
        return Resolution(self._customers, self._joined, tuple(self._merges))

    def _home_of(self, mention: Mention) -> CustomerId:
        """The customer a message belongs to: that of its most trusted identifier, when it is known.

        A new user id moves in with whoever the message's other identifiers point to, unless they are already
        somebody's: a second user id on one device is a second customer, not the same one again.
        """
        owner = mention.identifiers[0]
        others = [self._lookup(identifier) for identifier in reversed(mention.identifiers[1:])]
        if (found := self._lookup(owner)) is not None:
            return found
        for other in others:
            if other is not None and not (owner.kind is Kind.USER_ID and other in self._with_user_id):
                return other
        customer = self._new_customer()
        self._customers[customer] = mention.at
        return customer

    def _bring(self, identifier: Identifier, home: CustomerId, mention: Mention) -> None:
        there = self._lookup(identifier)
        if there is None:
            self._join(identifier, home, mention.at)
        elif there != home and self._may_merge(home, there):
            self._merge(home, there, mention, f"{mention.identifiers[0]} and {identifier} came in one message")

    def _alias(self, previous: str, home: CustomerId, mention: Mention) -> None:
        """An alias is an explicit word that two ids are one person, so it also joins two known users."""
        owner = mention.identifiers[0]
        for kind in (Kind.ANONYMOUS_ID, Kind.USER_ID):
            there = self._lookup(Identifier(kind, previous))
            if there is None:
                continue
            if there != home and frozenset((there, home)) not in self._apart:
                self._merge(home, there, mention, f"alias of {kind} {previous!r} to {owner}", keep=home)
            return
        self._join(Identifier(Kind.ANONYMOUS_ID, previous), home, mention.at)

    def _may_merge(self, one: CustomerId, other: CustomerId) -> bool:
        both_known = one in self._with_user_id and other in self._with_user_id
        return not both_known and frozenset((one, other)) not in self._apart

    def _merge(
        self, home: CustomerId, there: CustomerId, mention: Mention, because: str, *, keep: CustomerId | None = None
    ) -> None:
        kept = keep or min(home, there, key=lambda customer: (customer not in self._with_user_id, customer))
        absorbed = there if kept == home else home
        self._absorbed[absorbed] = kept
        if absorbed in self._with_user_id:
            self._with_user_id.add(kept)
        self._apart |= {
            frozenset((kept, *pair - {absorbed})) for pair in self._apart if absorbed in pair and kept not in pair
        }
        self._merges.append(Merge(kept, absorbed, mention.message_id, mention.at, because))

    def _join(self, identifier: Identifier, home: CustomerId, at: datetime) -> None:
        self._points_to[identifier] = home
        self._joined[identifier] = (home, at)
        if identifier.kind is Kind.USER_ID:
            self._with_user_id.add(home)

    def _lookup(self, identifier: Identifier) -> CustomerId | None:
        customer = self._points_to.get(identifier)
        return None if customer is None else self._now(customer)

    def _now(self, customer: CustomerId) -> CustomerId:
        while customer in self._absorbed:
            customer = self._absorbed[customer]
        return customer


def final_owners(merges: Iterable[Merge]) -> dict[CustomerId, CustomerId]:
    """For each customer absorbed in a row of merges, the one that is left in the end."""
    into = {merge.absorbed: merge.kept for merge in merges}

    def last(customer: CustomerId) -> CustomerId:
        while customer in into:
            customer = into[customer]
        return customer

    return {absorbed: last(absorbed) for absorbed in into}


def check_consent(channel: str, topic: str, answer: str) -> None:
    """A topic of * speaks for the whole channel."""
    if not _WORD.fullmatch(channel) or channel == "*" or not _WORD.fullmatch(topic) or answer not in ("yes", "no"):
        raise AnswerUnclear


def read_list_name(given: str) -> str:
    """A list's name, trimmed. Raises ListMalformed."""
    name = given.strip()
    if not 1 <= len(name) <= list_name_chars_max:
        raise ListMalformed(faults=[Fault("/name", f"is a text of 1 to {list_name_chars_max} characters")])
    return name


def check_list_change(added: int, removed: int) -> None:
    """Raises ListMalformed when one call names more than it may."""
    if added + removed > list_changes_max:
        detail = f"names {list_changes_max:,} customers at most in one call, added and removed together"
        raise ListMalformed(faults=[Fault("", detail)])


def kept_form(pointer: Pointer) -> tuple[str, str]:
    """The identifier, kind and value, under which a customer is kept who is named so from outside."""
    value = pointer.value.strip()
    match pointer.kind:
        case "id":
            try:
                return "customer", str(inside("customer", value))
            except UnknownId:
                return "customer", ""
        case "email":
            return Kind.EMAIL, value.lower()
        case "user_id" | "anonymous_id":
            return Kind(pointer.kind), value
