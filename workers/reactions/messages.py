"""What follows from the facts of a message of the staff: it leaves at its time, and reaches page after page."""

from datetime import datetime

from commands.notification.messages import BringMessage
from domain.fact import Fact
from domain.notification import message_stream
from workers.reactions.job import Job, Outside


def leaves_at(fact: Fact) -> datetime:
    """When a message leaves that was not undone."""
    return datetime.fromisoformat(fact.data["send_at"])


def goes_on_at(fact: Fact) -> datetime | None:
    """A page was reached: the next one is, if there is one."""
    return None if fact.data["finished"] else fact.occurred_at


async def next_page(fact: Fact, outside: Outside) -> BringMessage:
    """The learners of the next page, as they stand now."""
    message_id, after = fact.id("message_id"), fact.data.get("last", "")
    planned = (await outside.stream(message_stream(message_id)))[0]
    found = await outside.recipients(planned, after)
    return BringMessage(message_id, after, found.learner_ids, found.finished)


def bring(_fact: Fact, page: BringMessage) -> BringMessage:
    """They are notified."""
    return page


PROGRESSED = "staff_message.progressed"
JOBS = {
    "staff_message.planned": (
        Job("send_message", leaves_at, bring, (PROGRESSED, "staff_message.undone"), effect=next_page),
    ),
    PROGRESSED: (Job("send_message_further", goes_on_at, bring, (PROGRESSED,), effect=next_page),),
}
