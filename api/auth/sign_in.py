"""
Signing in: register, complete by the link of a mail, sign in, sign out here and everywhere, change the password, erase.

No answer shows whether an address has an account: not by words, status or time (adapters/auth/people.py).
"""

from collections.abc import Sequence

from fastapi import Request, Response

from adapters.auth.second_factors import FactorNeeded
from adapters.auth.sessions import BrowserSession
from api.auth.common import (
    MAIL,
    OF_BODY,
    SESSIONS,
    SIGN_IN,
    SIGNED_IN,
    AddressAndPassword,
    Completion,
    ConfirmedErasure,
    LogoutScope,
    OpenSession,
    PasswordChange,
    Registration,
    SessionList,
    SessionToEnd,
    SignedOut,
    SignedOutHere,
    SignInAnswer,
    answer,
    answer_signed_in,
    client_of,
    prove,
    shown,
)
from api.http.openapi import open_query
from api.http.routing import router as strict_router
from api.http.services import Services, ServicesDep
from api.http.sessions import must_come_from_here, signed_in, signed_out
from api.http.step_up import ConfirmedSessionDep, SessionDep, confirmed_session_of
from api.http.who_stays import who_stays

router = strict_router("auth", "/v1")
SIGNED_OUT = SignedOutHere(ended=1, provider_logout="https://sign-in.example.org/logout?client_id=campus&…")


@router.post("/auth/register", responses=open_query(MAIL, 429, *OF_BODY))
async def register(body: Registration, request: Request, services: ServicesDep) -> Response:
    """Ask for an account. A mail with a link follows; to an address with an account, one that says so."""
    must_come_from_here(request, is_named_by_cookie=False)
    await services.people.register(
        body.email, body.language, body.time_zone, client_of(request), request.scope["request_id"]
    )
    return answer(MAIL)


@router.post("/auth/complete", responses=open_query(SIGNED_IN, 409, *OF_BODY))
async def complete_registration(body: Completion, request: Request, services: ServicesDep) -> Response:
    """Complete a registration by the link of its mail, choose a password, and be signed in."""
    must_come_from_here(request, is_named_by_cookie=False)
    session = await services.people.complete(body.token, body.password, body.display_name, request.scope["request_id"])
    return await answer_signed_in(request, services, session)


@router.post("/auth/login", responses=open_query(SIGN_IN, 429, *OF_BODY))
async def sign_in(body: AddressAndPassword, request: Request, services: ServicesDep) -> Response:
    """Sign in; the session comes as a cookie, in the place of one that the browser had, or a second factor follows."""
    must_come_from_here(request, is_named_by_cookie=False)
    people, request_id = services.people, request.scope["request_id"]
    session = await people.sign_in(body.email, body.password, client_of(request), request_id)
    if isinstance(session, FactorNeeded):
        needed = SignInAnswer(
            status="second_factor_needed", until=session.until, pending=session.pending, kinds=session.kinds
        )
        return answer(needed)
    done = SignInAnswer(
        status="signed_in", learner_id=session.learner_id, session_id=session.session_id, until=session.until
    )
    return await answer_signed_in(request, services, session, done)


@router.post("/auth/logout", responses=open_query(SIGNED_OUT, 401, *OF_BODY))
async def sign_out(body: LogoutScope, request: Request, services: ServicesDep, session: SessionDep) -> Response:
    """
    Sign out, here or everywhere, for which the person has proved lately to be there (`POST /v1/auth/confirm`).

    Open event streams of the sessions end within a second. The session at a provider stays, unless the page goes on to
    the address that the answer names.
    """
    if session.actor_id is not None:
        return await _leave(body, request, services, session)
    learner_id = session.learner_id
    ended: Sequence[str] = [session.session_id]
    if body.everywhere:
        await confirmed_session_of(request)
        ended = [each.session_id for each in await services.people.sessions.of_person(learner_id)]
    cause = "logout_everywhere" if body.everywhere else "logout"
    address = await services.people.providers.sign_out_address(session)
    await services.people.revoke(learner_id, ended, cause, request.scope["request_id"])
    return signed_out(answer(SignedOutHere(ended=len(ended), provider_logout=address)))


async def _leave(body: LogoutScope, request: Request, services: Services, session: BrowserSession) -> Response:
    """Sign an admin out who acts as a learner: of both sessions, or everywhere; the learner's own are untouched."""
    people, actor_id = services.people, session.actor_id or ""
    ended: Sequence[str] = [session.actor_session_id or ""]
    if body.everywhere:
        ended = [each.session_id for each in await people.sessions.of_person(actor_id)]
    cause = "logout_everywhere" if body.everywhere else "logout"
    await people.revoke(actor_id, ended, cause, request.scope["request_id"])  # and what rests on them
    return signed_out(answer(SignedOutHere(ended=len(ended))))


@router.get("/auth/sessions", responses=open_query(SESSIONS, 401, 503))
async def list_sessions(services: ServicesDep, session: SessionDep) -> Response:
    """The sessions of the user that have not ended."""
    found = await services.people.sessions.of_person(session.learner_id)
    return answer(
        SessionList(
            sessions=[
                OpenSession(
                    session_id=each.session_id,
                    opened_at=each.opened_at,
                    seen_at=each.seen_at,
                    until=each.until,
                    current=each.session_id == session.session_id,
                    actor_id=each.actor_id,
                )
                for each in found
            ]
        )
    )


@router.post("/auth/sessions/revoke", responses=open_query(SignedOut(ended=1), 401, *OF_BODY))
async def revoke_session(
    body: SessionToEnd, request: Request, services: ServicesDep, session: ConfirmedSessionDep
) -> Response:
    """
    End another session of the user, who has proved lately to be there; one that there is not has ended.

    Who finds a browser signed in does not end the others with it (ASVS 7.5.2).
    """
    found = [each.session_id for each in await services.people.sessions.of_person(session.learner_id)]
    ended = [body.session_id] if body.session_id in found else []
    await services.people.revoke(session.learner_id, ended, "revoked", request.scope["request_id"])
    return answer(SignedOut(ended=len(ended)))


@router.post("/auth/password", responses=open_query(SIGNED_IN, 401, 429, *OF_BODY))
async def change_password(
    body: PasswordChange, request: Request, services: ServicesDep, session: SessionDep
) -> Response:
    """Set another password. All sessions end; this browser gets another one."""
    people = services.people
    await people.confirm(session.learner_id, body.old, client_of(request))
    changed = await people.change_password(session, body.new, request.scope["request_id"])
    return signed_in(answer(shown(changed)), changed, services.log.clock)


@router.post("/me/account/erase", responses=open_query(SignedOut(ended=1), 401, 409, 429, *OF_BODY))
async def erase_account(
    body: ConfirmedErasure, request: Request, services: ServicesDep, session: SessionDep
) -> Response:
    """Have all erased that is kept about the user's person; this cannot be taken back. The last admin stays."""
    learner_id = session.learner_id
    await prove(request, session, body.password)
    stays = await who_stays(services, learner_id, learner_id) if await services.grants.of(learner_id) else None
    ended = await services.people.erase(learner_id, stays, request.scope["request_id"])
    return signed_out(answer(SignedOut(ended=ended)))
