"""What an installation is told from outside: small frozen groups, read once from a mapping."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, TypeAlias
from urllib.parse import unquote, urlsplit

from regulars.shared.errors import Malformed

Role: TypeAlias = Literal["all", "web", "worker"]
ROLES: Final[tuple[Role, ...]] = ("all", "web", "worker")
PREFIX: Final = "REGULARS_"
log_months_min: Final = 3
log_months_max: Final = 1_200
OTEL_ENDPOINT: Final = "OTEL_EXPORTER_OTLP_ENDPOINT"
"""The name by which everybody who speaks OpenTelemetry is told where to send."""


class SettingMalformed(Malformed):
    """A setting is not understood."""


@dataclass(frozen=True, slots=True)
class SmtpSettings:
    """Whom to hand mail to. `security`: `tls` from the first byte, `starttls` before anything is said, or `none`."""

    host: str
    port: int
    security: Literal["tls", "starttls", "none"]
    smtp_user: str | None
    password: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class InstallationSettings:
    """`database_url` unset: PostgreSQL is embedded in the data folder. `smtp` unset: mail is caught, not sent.
    `log_months` unset: nothing is ever taken out of the log."""

    data: Path
    host: str = "127.0.0.1"
    port: int = 8080
    role: Role = "all"
    metrics_port: int | None = None
    database_url: str | None = field(default=None, repr=False)
    warehouse_url: str | None = field(default=None, repr=False)
    warehouse_memory: str = "1GB"
    log_months: int | None = None
    public_url: str | None = None
    smtp: SmtpSettings | None = None
    otlp_endpoint: str | None = None

    @property
    def notes(self) -> Path | None:
        """Where a process that ticks notes what it is at; one that does not must not take the note of one that did."""
        return None if self.role == "web" else self.data


_NAMES: Final = {
    "DATA": "the data folder",
    "HOST": "the address to listen on",
    "PORT": "the port to listen on",
    "ROLE": "all, web or worker",
    "METRICS_PORT": "the port on which a worker tells its health and numbers",
    "DATABASE_URL": "postgresql://… of a server of your own",
    "WAREHOUSE_URL": "duckdb:///path, clickhouse://user:password@host:port/database, spark://host:port/folder, or none",
    "WAREHOUSE_MEMORY": "how much memory the embedded warehouse may take, such as 1GB",
    "LOG_MONTHS": "how many whole months of events stay in PostgreSQL, 3 or more; unset: all",
    "PUBLIC_URL": "the address at which customers reach this server, for links in mail",
    "OTLP_ENDPOINT": "http://… to which traces are sent by OTLP over HTTP; unset: OTEL_EXPORTER_OTLP_ENDPOINT",
    "SMTP_URL": "smtp://user:password@host:587 (STARTTLS), smtps://…:465 (TLS) or smtp+plain://host:25",
}


def described_settings() -> Mapping[str, str]:
    """Every setting of the environment, and what it says."""
    return {PREFIX + name: meaning for name, meaning in _NAMES.items()}


def read_settings(
    environment: Mapping[str, str], *, default_data: str = "regulars-data", **given: object
) -> InstallationSettings:
    """Settings from the environment, with what was given on the command line in front. An unknown REGULARS_ name is a
    mistake and says so."""
    said = {
        name.removeprefix(PREFIX): value for name, value in environment.items() if name.startswith(PREFIX) and value
    }
    for name in sorted(said.keys() - _NAMES.keys()):
        near = difflib.get_close_matches(name, _NAMES, n=1)
        hint = f" Did you mean {PREFIX}{near[0]}?" if near else ""
        raise SettingMalformed(f"There is no setting {PREFIX}{name}.{hint}")
    for name, value in given.items():
        if value is not None:
            said[name.upper()] = str(value)
    role = said.get("ROLE", "all")
    if role not in ROLES:
        raise SettingMalformed(f"The role {role!r} is not one of {', '.join(ROLES)}.")
    public_url = said.get("PUBLIC_URL")
    if public_url is not None and urlsplit(public_url).scheme not in ("http", "https"):
        raise SettingMalformed(f"{PREFIX}PUBLIC_URL begins with http:// or https://.")
    return InstallationSettings(
        data=Path(said.get("DATA", default_data)).expanduser().absolute(),
        host=said.get("HOST", "127.0.0.1"),
        port=_port(said.get("PORT", "8080"), "PORT"),
        role=next(one for one in ROLES if one == role),
        metrics_port=_port(said["METRICS_PORT"], "METRICS_PORT") if "METRICS_PORT" in said else None,
        database_url=_database_url(said.get("DATABASE_URL")),
        warehouse_url=said.get("WAREHOUSE_URL"),
        warehouse_memory=said.get("WAREHOUSE_MEMORY", "1GB"),
        log_months=_log_months(said.get("LOG_MONTHS"), said.get("WAREHOUSE_URL")),
        public_url=public_url.rstrip("/") if public_url else None,
        smtp=_smtp(said.get("SMTP_URL")),
        otlp_endpoint=_otlp_endpoint(said.get("OTLP_ENDPOINT") or environment.get(OTEL_ENDPOINT)),
    )


def _port(text: str, name: str) -> int:
    if not text.isdecimal() or not 0 <= int(text) <= 65_535:
        raise SettingMalformed(f"{PREFIX}{name} is a port from 0 to 65535, not {text[:20]!r}.")
    return int(text)


def _log_months(text: str | None, warehouse_url: str | None) -> int | None:
    """Copies of live messages are looked for in 35 days, and clocks may be wrong: so two months are too few."""
    if text is None:
        return None
    if not text.isdecimal() or not log_months_min <= int(text) <= log_months_max:
        raise SettingMalformed(
            f"{PREFIX}LOG_MONTHS is a whole number from {log_months_min} to {log_months_max}, not {text[:20]!r}."
        )
    if warehouse_url == "none":
        raise SettingMalformed(
            f"{PREFIX}LOG_MONTHS needs a warehouse, which keeps what is taken out of PostgreSQL: "
            f"{PREFIX}WAREHOUSE_URL is none."
        )
    return int(text)


def _database_url(text: str | None) -> str | None:
    if text is not None and urlsplit(text).scheme not in ("postgresql", "postgres"):
        raise SettingMalformed(f"{PREFIX}DATABASE_URL begins with postgresql://.")
    return text


def _otlp_endpoint(text: str | None) -> str | None:
    if text and urlsplit(text).scheme not in ("http", "https"):
        raise SettingMalformed(f"{PREFIX}OTLP_ENDPOINT, or {OTEL_ENDPOINT}, begins with http:// or https://.")
    return text or None


def _smtp(text: str | None) -> SmtpSettings | None:
    if text is None:
        return None
    parts = urlsplit(text)
    kinds: Final[Mapping[str, tuple[Literal["tls", "starttls", "none"], int]]] = {
        "smtp": ("starttls", 587),
        "smtps": ("tls", 465),
        "smtp+plain": ("none", 25),
    }
    if parts.scheme not in kinds or not parts.hostname:
        raise SettingMalformed(f"{PREFIX}SMTP_URL is {_NAMES['SMTP_URL']}.")
    security, port = kinds[parts.scheme]
    try:
        port = parts.port or port
    except ValueError:
        raise SettingMalformed(f"The port in {PREFIX}SMTP_URL is not a port.") from None
    smtp_user, password = (unquote(part) if part else None for part in (parts.username, parts.password))
    return SmtpSettings(parts.hostname, port, security, smtp_user, password)
