"""
Second factors: an app that shows codes, passkeys, recovery codes; adding, giving and removing them.

The fact of a factor comes after what proves it was kept, and before that is dropped. A code of an app is taken once; a
recovery code is gone with its use.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import uuid4

from adapters.auth import totp
from adapters.auth.access import AccountAccess, SignedIn, SignInElsewhere
from adapters.auth.attempts import FAILURES, Limit
from adapters.auth.factors import CODES, Factors
from adapters.auth.links import LinkKind, link_of, link_token
from commands.auth import AddFactor, MakeRecoveryCodes, RemoveFactor, UseRecoveryCode
from commands.log import Context
from domain.auth import Credentials, FactorKind, FactorRefused, SignInRefused, credentials_stream
from domain.links import LinkRefused
from domain.user import AccountStatus
from domain.user_errors import AccountNotFound

PENDING = LinkKind("campuslog-second-factor", timedelta(minutes=5))
"""What a person has who has given the password: time to give the second factor."""
WRONG_CODES = Limit(20, timedelta(hours=1))
"""Of one person, from all networks together, or six digits are guessed. Only who knows the password comes so far."""
ISSUER = "Campuslog"


@dataclass(frozen=True)
class FactorNeeded:
    """The password fits, and a second factor has to follow, with `pending`, until a time."""

    pending: str
    kinds: list[str]
    until: datetime


@dataclass(frozen=True)
class NewApp:
    """An app that is to show codes: its secret, and the address with it, as text and as a picture."""

    factor_id: str
    secret: str
    uri: str
    picture: str


class ListedFactor(NamedTuple):
    """A second factor, as its person sees it."""

    factor_id: str
    kind: str
    label: str
    added_at: datetime
    used_at: datetime | None


class SecondFactors:
    """The second factors of the persons of one campus."""

    def __init__(self, access: AccountAccess) -> None:
        self.table = Factors(access.log.link, access.log.keys)
        self._access = access

    def needed(
        self, learner_id: str, credentials: Credentials, by: SignInElsewhere | None = None
    ) -> FactorNeeded | None:
        """What has to follow the password of a person, or a sign-in elsewhere; None without a second factor."""
        if not credentials.factors:
            return None
        access, now = self._access, self._access.now()
        state = "/".join((credentials.password_id or "", *(by or ())))
        pending = link_token(learner_id, PENDING, access.secret, now=now, state=state)
        kinds = sorted(set(credentials.factors.values()) | ({"recovery_code"} if credentials.codes_left else set()))
        return FactorNeeded(pending, kinds, now + PENDING.lifetime)

    async def sign_in(self, pending: str, code: str, client: str, request_id: str) -> SignedIn:
        """
        Sign in by a code, after the password or a sign-in elsewhere.

        Raises:
            SignInRefused: that was too long ago, or the password was changed since, or the account elsewhere taken off,
                or the session there has ended.
            FactorRefused: the code does not fit.
            TooManyAttempts: that has happened too often.
        """
        access = self._access
        try:
            learner_id, state = link_of(pending, PENDING, access.secret, now=access.now())
        except LinkRefused as error:
            raise SignInRefused from error
        password_id, *elsewhere = state.split("/")
        by = SignInElsewhere(*elsewhere) if len(elsewhere) == len(SignInElsewhere._fields) else None
        credentials = await access.credentials(learner_id)
        is_over = (by is None and bool(elsewhere)) or (by is not None and not await access.stands(by, credentials))
        if is_over or (credentials.password_id or "") != password_id:
            raise SignInRefused
        method = await self.check(learner_id, code, client, request_id)
        first, now = "password" if by is None else "provider", access.now()
        return await access.open(
            learner_id,
            credentials.password_id,
            f"{first}+{method}",
            request_id,
            factor_at=now,
            confirmed_at=now,
            by=by,
        )

    async def check(self, learner_id: str, code: str, client: str, request_id: str) -> str:
        """
        Take a code of an app, or a recovery code; says which it was: `totp` or `recovery_code`.

        Raises:
            FactorRefused, TooManyAttempts.
        """
        is_totp = code.isascii() and code.isdigit() and len(code) == totp.DIGITS
        method, limit = ("totp", WRONG_CODES) if is_totp else ("recovery_code", FAILURES)
        access = self._access
        async with access.attempts.counted(f"{method} {learner_id}", client, access.now(), limit, everywhere=is_totp):
            taken = await (
                self._take_totp(learner_id, code) if is_totp else self._take_code(learner_id, code, request_id)
            )
            if not taken:
                raise FactorRefused
        return method

    async def begin_app(self, learner_id: str, label: str) -> NewApp:
        """Draw the secret of an app; it is asked for once it was shown to work."""
        access, factor_id, secret = self._access, uuid4().hex, totp.new_secret()
        await self.table.keep_totp(learner_id, factor_id, label, secret, access.now())
        uri = totp.uri_of(secret, await access.called(await access.user(learner_id)), ISSUER)
        return NewApp(factor_id, secret, uri, totp.picture_of(uri))

    async def add_app(self, learner_id: str, factor_id: str, code: str, client: str, request_id: str) -> list[str]:
        """
        An app shows a code, so it works, and is asked for from now on.

        Returns:
            Recovery codes, if it is the first factor.

        Raises:
            FactorRefused, TooManyAttempts, TooManyFactors.
        """
        access = self._access
        async with access.attempts.counted(f"totp {learner_id}", client, access.now(), WRONG_CODES, everywhere=True):
            if not await self._fits(learner_id, factor_id, code):
                raise FactorRefused
        return await self.add(learner_id, factor_id, FactorKind.TOTP, request_id)

    async def add(self, learner_id: str, factor_id: str, kind: FactorKind, request_id: str) -> list[str]:
        """Ask for a factor that was shown to work from now on; returns recovery codes, if it is the first one."""
        access = self._access
        await access.handle(AddFactor(learner_id, factor_id, kind), learner_id, request_id)
        credentials = await access.credentials(learner_id)
        is_first = len(credentials.factors) == 1
        return await self.make_codes(learner_id, request_id) if is_first else []

    async def make_codes(self, learner_id: str, request_id: str) -> list[str]:
        """Draw recovery codes in the place of those before them."""
        codes_id = uuid4().hex
        codes = await self.table.keep_codes(learner_id, codes_id)
        await self._access.handle(MakeRecoveryCodes(learner_id, codes_id, CODES), learner_id, request_id)
        await self.table.drop_codes(learner_id, await self._codes_before(learner_id, codes_id))
        return codes

    async def _codes_before(self, learner_id: str, codes_id: str) -> list[str]:
        """Codes that were replaced by these or before; not those of a request at the same time, which come later."""
        facts = await self._access.log.stream(credentials_stream(learner_id))
        made = [fact.data["codes_id"] for fact in facts if fact.type == Credentials.RecoveryCodesMade.TOPIC]
        return made[: made.index(codes_id)]

    async def remove_lost(self, learner_id: str, context: Context) -> int:
        """
        Take all factors off a person who has lost them, recovery codes as well, in the name of the staff.

        The password goes with them, so that the next sign-in begins with a mail to the address of the account, as its
        first one did. Sent again, it does what is left.

        Returns:
            How many factors there were.

        Raises:
            AccountNotFound: there is no such account in use.
            RegistrationClosed: no mail leaves this campus.
        """
        access, removed = self._access, 0
        if (await access.user(learner_id)).status is not AccountStatus.ACTIVE:
            raise AccountNotFound(learner_id=learner_id)
        access.must_send_mails()
        while (credentials := await access.credentials(learner_id)).factors:
            if credentials.password_id is not None:
                await access.passwords.drop(learner_id, [credentials.password_id])
            await access.end_for(learner_id, "staff", context)  # with another session a factor could be added
            for factor_id in [*credentials.factors]:
                await self._remove(RemoveFactor(learner_id, factor_id), context)
                removed += 1
        return removed

    async def remove(self, learner_id: str, factor_id: str, request_id: str) -> None:
        """
        Ask for a factor no more; without the last one no session and no token stands for one. Raises FactorNotFound.

        These forget it before the fact, in case this process dies, and once more after it, in case two are removed at
        the same time.
        """
        context = Context(learner_id, self._access.now(), correlation_id=request_id)
        await self._remove(RemoveFactor(learner_id, factor_id), context)

    async def _remove(self, command: RemoveFactor, context: Context) -> None:
        access, learner_id, factor_id = self._access, command.learner_id, command.factor_id
        if (await access.credentials(learner_id)).factors.keys() == {factor_id}:
            await self._forget_all(learner_id)
        await access.bus.handle(command, context)
        await self.table.drop(learner_id, factor_id)
        credentials = await access.credentials(learner_id)
        if not credentials.factors:
            await self._forget_all(learner_id)
            await self.table.drop_codes(learner_id, [credentials.codes_id] if credentials.codes_id else [])

    async def _forget_all(self, learner_id: str) -> None:
        await self._access.sessions.forget_factors(learner_id)
        await self._access.api_tokens.forget_factors(learner_id)

    async def of_person(self, learner_id: str) -> tuple[list[ListedFactor], int]:
        """The factors that a person has, the first one first, and how many recovery codes are left."""
        credentials, found = await self._access.credentials(learner_id), []
        for each in await self.table.of_person(learner_id):
            if each.factor_id in credentials.factors:
                label, _ = await self.table.opened(each)
                found.append(ListedFactor(each.factor_id, each.kind, label, each.made_at, each.used_at))
        return found, credentials.codes_left if credentials.factors else 0

    async def _take_totp(self, learner_id: str, code: str) -> bool:
        credentials = await self._access.credentials(learner_id)
        apps = [each for each, kind in credentials.factors.items() if kind == FactorKind.TOTP]
        taken = [await self._fits(learner_id, each, code) for each in apps]  # all of them: the time says nothing
        return any(taken)

    async def _fits(self, learner_id: str, factor_id: str, code: str) -> bool:
        """Whether an app shows this code now, and it was not taken before."""
        factor, now = await self.table.find(learner_id, factor_id), self._access.now()
        if factor is None or factor.kind != FactorKind.TOTP:
            return False
        _, secret = await self.table.opened(factor)
        step = totp.step_of(secret, code, now)
        return step is not None and await self.table.take_step(factor_id, step, now)

    async def _take_code(self, learner_id: str, code: str, request_id: str) -> bool:
        credentials = await self._access.credentials(learner_id)
        if not credentials.factors or credentials.codes_id is None:
            return False
        if not await self.table.take_code(learner_id, credentials.codes_id, code):
            return False
        await self._access.handle(UseRecoveryCode(learner_id, credentials.codes_id), learner_id, request_id)
        return True
