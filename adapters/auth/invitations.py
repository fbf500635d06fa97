"""
Invitations: the staff open accounts for people, one or many from a CSV file, and each gets a mail with a link.

What is done for a line may be done again and changes nothing then: an address has one account, an account is invited
once, a place on a run is asked for once. So a file that was interrupted, or sent twice, is sent again.
"""

from collections.abc import AsyncIterator, Sequence
from typing import NamedTuple
from uuid import uuid4

from adapters.auth.access import RegistrationClosed
from adapters.command_bus.bus import Bus
from adapters.command_bus.replay import replayed
from adapters.csv_lines import BadLine, read_lines
from adapters.personal.addresses import Addresses, plain
from adapters.postgres.log.postgres_log import PostgresLog
from adapters.settings import Settings
from commands.enrollment import RequestEnrollment
from commands.log import Context
from commands.user import InviteAccount
from domain.aggregate import ID_PATTERN
from domain.catalog import Run, RunNotFound, run_stream
from domain.errors import DomainError, Rejected
from domain.profiles import expected_of
from domain.user import DISPLAY_NAME, LANGUAGE, TIME_ZONE, User, user_stream
from domain.user_errors import AddressGivenUp

EMAIL, RUN_ID = "email", "run_id"
COLUMNS = (EMAIL, DISPLAY_NAME, LANGUAGE, TIME_ZONE, RUN_ID)
"""Of a file, in any order; `email` has to be there, and is all that a line needs."""

DEFAULTS = {LANGUAGE: "en", TIME_ZONE: "UTC"}


class BadInvitation(Rejected):
    """The person cannot be invited in this way."""

    code = "bad_invitation"
    template = "{field} {problem}"


class Invitee(NamedTuple):
    """A person to invite, from a line of a file, which counts from 1 with the head; empty where nothing is said."""

    line: int
    email: str
    display_name: str = ""
    language: str = "en"
    time_zone: str = "UTC"
    run_id: str = ""


class Invited(NamedTuple):
    """What has become of a line: whether an account was opened, or there was one, and whether it asked for a place."""

    learner_id: str
    is_new: bool
    is_enrolled: bool


def read_people(text: str) -> list[Invitee | BadLine]:
    """
    The lines of a CSV file, in their order.

    Raises:
        BadCsv: the head does not name the columns, or names others.
    """
    lines = read_lines(text, COLUMNS[:1], COLUMNS[1:])
    return [each if isinstance(each, BadLine) else checked(each.line, DEFAULTS | each.said) for each in lines]


def checked(line: int, said: dict[str, str]) -> Invitee | BadLine:
    """The person of a line, or what is wrong with it."""
    if EMAIL not in said:
        return BadLine(line=line, field=EMAIL, problem="there is no e-mail address")
    for field, value in said.items():
        if field == RUN_ID:
            expected = None if ID_PATTERN.match(value) else "the id of a course run"
        else:
            expected = expected_of(field, value)
        if expected is not None:
            return BadLine(line=line, field=field, problem=f"has to be {expected}")
    return Invitee(line, **said)


class Invitations:
    """Invites people, in one process."""

    def __init__(self, log: PostgresLog, bus: Bus, settings: Settings) -> None:
        self._log = log
        self._bus = bus
        self._addresses = Addresses(log.link, log.keys)
        self._takes_registrations = bool(settings.smtp_url)

    async def invite(self, person: Invitee, context: Context, *, dry_run: bool = False) -> Invited:
        """
        Open an account for a person, and ask for a place on the run; a dry run says what would be done.

        Raises:
            RegistrationClosed, AccountsClosed: this campus sends no mails, or keeps no accounts.
            DomainError: the account was just erased, or there is no place on the run.
        """
        if not self._takes_registrations:
            raise RegistrationClosed
        if dry_run:
            return await self._would_be(person)
        learner_id = await self._addresses.claim(person.email, uuid4().hex)
        if learner_id is None:
            raise AddressGivenUp
        is_new = not (await replayed(self._log, User, user_stream(learner_id))).exists
        if is_new:
            terms = (person.email, person.display_name, person.language, person.time_zone)
            await self._bus.handle(InviteAccount(learner_id, *terms), context)
        if person.run_id:
            await self._bus.handle(RequestEnrollment(learner_id, person.run_id), context)
        return Invited(learner_id, is_new, bool(person.run_id))

    async def invite_all(
        self, people: Sequence[Invitee | BadLine], context: Context, *, dry_run: bool = False
    ) -> AsyncIterator[Invited | BadLine]:
        """What has become of each line, one after the other; a line that is refused keeps no other one back."""
        seen: set[str] = set()
        for person in people:
            if isinstance(person, BadLine):
                yield person
                continue
            try:
                found = await self.invite(person, context, dry_run=dry_run)
                yield found._replace(is_new=found.is_new and plain(person.email) not in seen)
                seen.add(plain(person.email))
            except RegistrationClosed:
                raise
            except DomainError as error:
                yield BadLine(line=person.line, field=RUN_ID if person.run_id else "", problem=error.sentence)

    async def _would_be(self, person: Invitee) -> Invited:
        found = await self._addresses.find(person.email)
        if person.run_id:
            run = await replayed(self._log, Run, run_stream(person.run_id))
            if not run.exists:
                raise RunNotFound(run_id=person.run_id)
        return Invited(found or "", found is None, bool(person.run_id))
