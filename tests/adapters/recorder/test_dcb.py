"""Dynamic consistency boundaries of the `eventsourcing` library on the log of a campus."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from eventsourcing.dcb.api import DCBAppendCondition, DCBEvent, DCBQuery, DCBQueryItem
from eventsourcing.dcb.application import DCBApplication
from eventsourcing.persistence import IntegrityError, ProgrammingError

from adapters.command_bus.bus import Bus
from adapters.settings import Settings
from commands.catalog import CreateCourse, PublishCourse
from commands.log import Context
from domain.catalog import Unit
from tests.adapters.recorder.test_recorder import environment
from tests.support.appends import opened


def tagged(*tags: str) -> DCBQuery:
    """A query for all events with these tags."""
    return DCBQuery([DCBQueryItem(tags=list(tags))])


async def test_an_application_with_boundaries(settings: Settings) -> None:
    """Configured by the environment alone, it sees the facts of the campus by their tags, and writes none itself."""
    async with opened(settings) as log:
        await Bus(log).handle(CreateCourse("algebra", "Algebra"), Context("staff"))
        with DCBApplication(environment(settings, PERSISTENCE_MODULE="adapters.recorder.dcb")) as app:
            read = app.recorder.read(tagged("course:algebra"))
            assert [(found.position, found.event.type, found.event.tags) for found in read] == [
                (1, "course.created", ["course:algebra"])
            ]
            reviewed = [DCBEvent("Reviewed", b"\x00", ["course:algebra", "learner:ann", "stars:5"])]
            with pytest.raises(IntegrityError):
                app.recorder.append(reviewed, DCBAppendCondition(tagged("course:algebra"), after=0))
            assert app.recorder.append(reviewed, DCBAppendCondition(tagged("course:algebra"), after=1)) == 2
            await Bus(log).handle(PublishCourse("algebra", [Unit("one", "video", "One")]), Context("staff"))
            with pytest.raises(IntegrityError):
                app.recorder.append(reviewed, DCBAppendCondition(tagged("course:algebra"), after=2))
            read = app.recorder.read(tagged("course:algebra", "learner:ann"))
            assert [found.event for found in read] == reviewed
            with pytest.raises(ProgrammingError):
                app.recorder.append([DCBEvent("course.created", b"{}")])


def test_a_name_is_taken_once(settings: Settings) -> None:
    """Of many who claim a name under the condition that it is free, each on a connection of its own, one gets it."""
    with DCBApplication(environment(settings, PERSISTENCE_MODULE="adapters.recorder.dcb")) as app:

        def claim(number: int) -> bool:
            free = DCBAppendCondition(DCBQuery([DCBQueryItem(["Named"], ["name:max"])]))
            try:
                app.recorder.append([DCBEvent("Named", str(number).encode(), ["name:max"])], free)
            except IntegrityError:
                return False
            return True

        with ThreadPoolExecutor(8) as threads:
            assert sum(threads.map(claim, range(24))) == 1
        assert len(list(app.recorder.read(tagged("name:max")))) == 1
