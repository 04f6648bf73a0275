"""Passwords, hashed with argon2id in a thread of their own."""

from __future__ import annotations

import asyncio
import unicodedata
from dataclasses import dataclass
from typing import Final

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher


@dataclass(frozen=True, slots=True)
class PasswordSettings:
    """What one hash costs. The default is OWASP's: 19 MiB, two passes, one lane.

    `at_once_max`: hashes made at the same time; the others wait, so that sign-ins cannot take all memory.
    """

    memory_kib: int = 19 * 1024
    passes: int = 2
    lanes: int = 1
    at_once_max: int = 2


# For tests: as quick as argon2 allows, and worth nothing against an attacker.
QUICK: Final = PasswordSettings(memory_kib=8, passes=1)


class Passwords:
    def __init__(self, settings: PasswordSettings) -> None:
        hasher = Argon2Hasher(time_cost=settings.passes, memory_cost=settings.memory_kib, parallelism=settings.lanes)
        self._hashes = PasswordHash([hasher])
        self._turns = asyncio.Semaphore(settings.at_once_max)
        self._nobodys = self._hashes.hash("the password of nobody")

    async def hash(self, password: str) -> str:
        async with self._turns:
            return await asyncio.to_thread(self._hashes.hash, _one_form(password))

    async def fits(self, password: str, password_hash: str | None) -> bool:
        """Whether the password is the one that was hashed. Without a hash the answer is no, after just as much work."""
        async with self._turns:
            same = await asyncio.to_thread(self._hashes.verify, _one_form(password), password_hash or self._nobodys)
        return same and password_hash is not None


def _one_form(password: str) -> str:
    """Keyboards write the same letters in different code points (NIST SP 800-63B, 5.1.1.2)."""
    return unicodedata.normalize("NFKC", password)
