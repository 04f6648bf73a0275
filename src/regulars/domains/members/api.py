"""The doors: sign in, set up, settings, keys, members, the record. And who is let through the gate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import datetime
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field
from starlette.requests import Request

from regulars.domains.members import service
from regulars.domains.members.model import (
    AuditEntry,
    Key,
    KeyKind,
    Member,
    NoSession,
    NotBearer,
    Permission,
    Role,
    SessionOver,
    UnknownKey,
    WriteKeyOnly,
    WrongPassword,
)
from regulars.platform.http.door import VISITOR, Access, After, Body, Limit, Listed, RequestUnit, listed, needs
from regulars.platform.http.origin import require_our_page
from regulars.platform.unit import Unit, Units
from regulars.shared.errors import Unproven
from regulars.shared.ids import MemberId, inside, outside
from regulars.shared.paging import page_size_default

router = APIRouter(tags=["members"])

SESSION_COOKIE: Final = "regulars_session"
cookie_age_s: Final = 90 * 86_400  # the longest that a session can last; whether it does, the server decides


class Gatekeeper:
    """Proves a request by its key or its session."""

    def __init__(self, units: Units) -> None:
        self._units = units

    async def admit(self, request: Request) -> Access:
        authorization = request.headers.get("authorization")
        token = request.cookies.get(SESSION_COOKIE)
        if authorization is not None:
            return await self._admit_key(authorization)
        if token is not None:
            return await self._admit_session(request, token)
        raise Unproven

    async def deny(self, access: Access, permission: str, request: Request) -> None:
        subject = f"{request.method} {request.url.path[:200]}"
        async with self._units.open(access.actor) as unit:
            await service.record(unit, "permission.refused", subject, {"permission": permission})

    async def _admit_key(self, authorization: str) -> Access:
        scheme, _, credential = authorization.partition(" ")
        if scheme.lower() != "bearer":
            raise NotBearer
        async with self._units.open() as unit:
            key = await service.recognise_key(unit, credential.strip())
        if key is None:
            raise UnknownKey
        if key.kind is KeyKind.WRITE:
            raise WriteKeyOnly
        return Access(service.actor_of(key), service.permissions_of(key))

    async def _admit_session(self, request: Request, token: str) -> Access:
        async with self._units.open() as unit:
            session = await service.session(unit, token)
        if session is None:
            raise SessionOver
        require_our_page(request)
        return Access(service.actor_of(session.member), service.permissions_of(session.member))


class MemberOut(BaseModel):
    id: str
    name: str
    email: str
    role: Role


class CompanyOut(BaseModel):
    name: str
    time_zone: str


class DemoOut(BaseModel):
    note: str


class SessionOut(BaseModel):
    member: MemberOut
    company: CompanyOut
    demo: DemoOut | None


class SignIn(Body):
    email: Annotated[str, Field(max_length=320)]
    password: Annotated[str, Field(max_length=1000)]


class SetUp(Body):
    name: str
    email: str
    password: Annotated[str, Field(max_length=1000)]


class SetupOut(BaseModel):
    expires_at: datetime


class SettingsBody(Body):
    """`usual_gap` stays as it is where it is not said."""

    company_name: str
    time_zone: str
    usual_gap: Annotated[int, Field(strict=True)] | None = None
    sender_name: str
    sender_email: str
    public_url: str


class SettingsOut(BaseModel):
    """`usual_gap`: in days."""

    company_name: str
    time_zone: str
    usual_gap: int
    sender_name: str
    sender_email: str
    public_url: str


class KeyOut(BaseModel):
    """`write_key` is the whole key, of write keys only: they are public by nature."""

    id: str
    kind: Literal["write", "admin"]
    name: str
    prefix: str
    write_key: str | None
    scopes: list[str]
    created_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


class NewKeyOut(KeyOut):
    """`secret` is the whole key. It is never shown again."""

    secret: str


class KeyBody(Body):
    kind: Literal["write", "admin"]
    name: str


class ActorOut(BaseModel):
    kind: str
    name: str


class AuditOut(BaseModel):
    id: str
    at: datetime
    actor: ActorOut
    action: str
    subject: str
    details: Mapping[str, object]


@router.get("/api/session")
async def read_session(request: Request, unit: RequestUnit) -> SessionOut:
    """Who is signed in."""
    if unit.actor.kind != "member":
        raise NoSession
    member = await service.member(unit, MemberId(inside("member", unit.actor.id)))
    return await _session_out(request, unit, member)


@router.post("/api/session")
async def sign_in(request: Request, response: Response, body: SignIn) -> SessionOut:
    """Signs in with e-mail address and password. 401 when they are wrong, 429 after too many failures."""
    units: Units = request.app.state.units
    async with units.open(VISITOR) as unit:
        attempt = await service.begin_sign_in(unit, body.email, _address(request))
    fits = await request.app.state.passwords.fits(body.password, attempt.password_hash)
    if attempt.member is None or not fits:
        async with units.open(VISITOR) as unit:
            await service.fail_sign_in(unit, attempt)
        raise WrongPassword
    async with units.open(VISITOR) as unit:
        token = await service.finish_sign_in(unit, attempt, request.headers.get("user-agent", ""))
        answer = await _session_out(request, unit, attempt.member)
        await _set_cookie(request, response, unit, token)
    return answer


@router.delete("/api/session", status_code=204)
@needs(Permission.READ)
async def sign_out(request: Request, response: Response, unit: RequestUnit) -> None:
    """Ends the session. What the browser still holds of it opens nothing any more."""
    token = request.cookies.get(SESSION_COOKIE)
    if unit.actor.kind != "member" or token is None:
        raise NoSession
    await service.end_session(unit, token)
    response.delete_cookie(SESSION_COOKIE, httponly=True, samesite="lax")


@router.get("/api/setup/{token}")
async def read_setup(token: str, unit: RequestUnit) -> SetupOut:
    """Whether the owner's account can be made with this link: 404 for an unknown link, 409 for a used one."""
    return SetupOut(expires_at=(await service.setup_link(unit, token)).expires_at)


@router.post("/api/setup/{token}")
async def set_up(token: str, body: SetUp, request: Request, response: Response, unit: RequestUnit) -> SessionOut:
    """Makes the owner's account, once, and signs in."""
    passwords = request.app.state.passwords
    owner = await service.make_owner(unit, passwords, token, body.name, body.email, body.password)
    session = await service.start_session(unit, owner, _address(request), request.headers.get("user-agent", ""))
    await _set_cookie(request, response, unit, session)
    return await _session_out(request, unit, owner)


@router.get("/api/settings")
async def read_settings(unit: RequestUnit) -> SettingsOut:
    return SettingsOut(**asdict(await service.read_settings(unit)))


@router.put("/api/settings")
@needs(Permission.SETTINGS)
async def change_settings(body: SettingsBody, unit: RequestUnit) -> SettingsOut:
    settings = replace(await service.read_settings(unit), **body.model_dump(exclude_none=True))
    return SettingsOut(**asdict(await service.change_settings(unit, settings)))


@router.get("/api/members")
async def list_members(unit: RequestUnit, after: After = None, limit: Limit = page_size_default) -> Listed[MemberOut]:
    return listed(await service.members(unit, after, limit), _member_out)


@router.get("/api/keys")
@needs(Permission.KEYS)
async def list_keys(unit: RequestUnit, after: After = None, limit: Limit = page_size_default) -> Listed[KeyOut]:
    """Newest first; revoked keys stay listed."""
    return listed(await service.keys(unit, after, limit), lambda key: KeyOut(**_key_out(key)))


@router.post("/api/keys", status_code=201)
@needs(Permission.KEYS)
async def make_key(body: KeyBody, unit: RequestUnit) -> NewKeyOut:
    """Makes a key. The answer is the only place where the whole of an admin key is ever shown."""
    made = await service.make_key(unit, KeyKind(body.kind), body.name)
    return NewKeyOut(secret=made.secret, **_key_out(made.key))


@router.delete("/api/keys/{key_id}", status_code=204)
@needs(Permission.KEYS)
async def revoke_key(key_id: str, unit: RequestUnit) -> None:
    """Revokes a key, for good."""
    await service.revoke_key(unit, inside("key", key_id))


@router.get("/api/audit")
@needs(Permission.AUDIT)
async def list_audit(unit: RequestUnit, after: After = None, limit: Limit = page_size_default) -> Listed[AuditOut]:
    """Who did what, newest first, and who was refused."""
    return listed(await service.audit_entries(unit, after, limit), _audit_out)


async def _session_out(request: Request, unit: Unit, member: Member) -> SessionOut:
    settings = await service.read_settings(unit)
    note: str | None = getattr(request.app.state, "demo_note", None)
    return SessionOut(
        member=_member_out(member),
        company=CompanyOut(name=settings.company_name, time_zone=settings.time_zone),
        demo=DemoOut(note=note) if note else None,
    )


async def _set_cookie(request: Request, response: Response, unit: Unit, token: str) -> None:
    public_url = (await service.read_settings(unit)).public_url
    response.set_cookie(
        SESSION_COOKIE,
        token,
        max_age=cookie_age_s,
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https" or public_url.startswith("https://"),
    )


def _address(request: Request) -> str:
    return request.client.host if request.client else "unknown"


def _member_out(member: Member) -> MemberOut:
    return MemberOut(id=outside("member", member.id), name=member.name, email=member.email, role=member.role)


def _key_out(key: Key) -> dict[str, Any]:
    return {**asdict(key), "id": outside("key", key.id), "kind": key.kind.value}


def _audit_out(entry: AuditEntry) -> AuditOut:
    return AuditOut(
        id=outside("audit", entry.id),
        at=entry.at,
        actor=ActorOut(kind=entry.actor_kind, name=entry.actor_name),
        action=entry.action,
        subject=entry.subject,
        details=entry.details,
    )
