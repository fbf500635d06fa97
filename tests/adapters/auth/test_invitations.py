"""Invitations from a file: read line by line, done once however often it is sent, also after a half-way end."""

import asyncio

import pytest

from adapters.auth.access import RegistrationClosed
from adapters.auth.invitations import Invitations, Invitee, read_people
from adapters.command_bus.bus import Bus
from adapters.csv_lines import BadCsv, BadLine
from adapters.settings import Settings
from commands.log import Context
from tests.support.appends import opened, query
from tests.support.given import AT
from tests.support.usecases import COURSE, RUN, RUNS

FILE = f"""\ufeffEmail;display_name;run_id
ada@example.org;Ada Lovelace;{RUN}
"bob@example.org";"Bob ""the"" Builder";
zoe@example;;

王@example.org;王芳;
cid@example.org
"""


def test_a_file_is_read_line_by_line() -> None:
    """With commas or semicolons, a mark of UTF-8 or none; what is wrong names line and field, and no value."""
    people = read_people(FILE)
    assert people == [
        Invitee(2, "ada@example.org", "Ada Lovelace", run_id=RUN),
        Invitee(3, "bob@example.org", 'Bob "the" Builder'),
        BadLine(line=4, field="email", problem="has to be an e-mail address, such as ada@example.org"),
        BadLine(line=6, field="email", problem="has to be an e-mail address, such as ada@example.org"),
        BadLine(line=7, field="", problem="there are 1 fields, and 3 columns"),
    ]
    assert read_people("run_id,email\nr 1,ada@example.org\n") == [
        BadLine(line=2, field="run_id", problem="has to be the id of a course run")
    ]
    assert read_people("display_name,email\nAda,\n") == [
        BadLine(line=2, field="email", problem="there is no e-mail address")
    ]


@pytest.mark.parametrize(
    "text", ["", "ada@example.org\n", "email,email\n", "email,phone\n", 'email\n"ada', "name\nAda\n"]
)
def test_what_is_no_list_of_people_is_refused(text: str) -> None:
    """Without a head that names the columns, or with quotes that do not end."""
    with pytest.raises(BadCsv):
        read_people(text)


async def outcomes(settings: Settings, text: str, *, dry_run: bool = False, most: int = 100) -> list[tuple[bool, bool]]:
    """What has become of the lines, each by a process of its own; it ends after *most* of them."""
    async with opened(settings) as log:
        invitations, found = Invitations(log, Bus(log), settings), []
        context = Context("admin", AT)
        async for each in invitations.invite_all(read_people(text)[:most], context, dry_run=dry_run):
            assert not isinstance(each, BadLine), each
            found.append((each.is_new, each.is_enrolled))
        return found


async def test_twice_is_once_and_what_was_left_is_done(settings: Settings) -> None:
    """Two processes at the same time, an end half-way, and a dry run, which does nothing."""
    mailing = settings.model_copy(update={"smtp_url": "smtp://127.0.0.1:1"})
    lines = [f"p{number}@example.org,Person {number},{RUN if number % 2 else ''}" for number in range(6)]
    text = "\n".join(("email,display_name,run_id", *lines))
    async with opened(mailing) as log:
        for command in (*COURSE, *RUNS):
            await Bus(log).handle(command, Context("admin", AT))
        head = await log.head()
        assert await outcomes(mailing, text, dry_run=True) == [(True, bool(number % 2)) for number in range(6)]
        assert await log.head() == head
        assert await query(settings, "SELECT count(*) FROM account_addresses") == [(0,)]

        assert [is_new for is_new, _ in await outcomes(mailing, text, most=2)] == [True, True]
        both = await asyncio.gather(outcomes(mailing, text), outcomes(mailing, text))
        assert [[is_new for is_new, _ in each][:2] for each in both] == [[False, False]] * 2
        counted = "SELECT count(*) FROM events WHERE type = '{}'"
        assert await query(settings, counted.format("user.invited")) == [(6,)]
        assert await query(settings, counted.format("enrollment.requested")) == [(3,)]
        head = await log.head()
        assert [is_new for is_new, _ in await outcomes(mailing, text, dry_run=True)] == [False] * 6
        assert [is_new for is_new, _ in await outcomes(mailing, text)] == [False] * 6
        assert await log.head() == head


async def test_a_line_that_is_refused_keeps_no_other_back(settings: Settings) -> None:
    """A run that there is not is named; without a mail server the whole file is refused."""
    mailing = settings.model_copy(update={"smtp_url": "smtp://127.0.0.1:1"})
    people = read_people("email,run_id\nada@example.org,none\nbob@example.org,\n")
    async with opened(mailing) as log:
        invitations = Invitations(log, Bus(log), mailing)
        for dry_run in (True, False):
            found = [each async for each in invitations.invite_all(people, Context("admin", AT), dry_run=dry_run)]
            assert found[0] == BadLine(line=2, field="run_id", problem="there is no course run none")
            assert not isinstance(found[1], BadLine)
        with pytest.raises(RegistrationClosed):
            await anext(Invitations(log, Bus(log), settings).invite_all(people, Context("admin", AT)))
