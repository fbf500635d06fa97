"""What follows from the facts of the forum: people are notified, who may not know by whom (decisions/0421)."""

from commands.notification.forum import Cause, TellAuthor, TellMentioned, TellOfPost, TellWatchers
from domain.fact import Fact
from domain.notification import unnamed_cause
from workers.reactions.reaction import Reaction


def _cause(fact: Fact) -> Cause:
    return Cause(unnamed_cause(fact.meta.event_id), fact.position)


def tell_of_reply(fact: Fact) -> TellOfPost:
    """Who has asked, and who has written what is replied to, hear of a reply."""
    return TellOfPost(fact.id("thread_id"), int(fact.id("post_no")), _cause(fact))


def tell_watchers(fact: Fact) -> TellWatchers:
    """Those who watch a thread hear of each post in it."""
    return TellWatchers(fact.id("thread_id"), int(fact.id("post_no")), _cause(fact))


def tell_of_mention(fact: Fact) -> TellMentioned | None:
    """Those whom a post mentions, and did not before, hear of it."""
    added = tuple(each for each in fact.data["new"] if each not in fact.data["old"])
    return TellMentioned(fact.id("thread_id"), int(fact.id("post_no")), added, _cause(fact)) if added else None


def tell_of_accepted(fact: Fact) -> TellAuthor:
    """Whose answer was accepted hears of it."""
    return _tell_author(fact, "answer_accepted", fact.data["new_post_no"])


def tell_of_removed(fact: Fact) -> TellAuthor:
    """Whose post is shown no more hears of it, and why."""
    return _tell_author(fact, "post_removed", int(fact.id("post_no")))


def _tell_author(fact: Fact, template: str, post_no: int) -> TellAuthor:
    return TellAuthor(template, fact.id("thread_id"), post_no, _cause(fact), fact.meta.actor)


NOTICES: dict[str, tuple[Reaction, ...]] = {
    "reply.posted": (
        Reaction("tell_of_reply", tell_of_reply, unnamed=True),
        Reaction("tell_watchers", tell_watchers, unnamed=True),
    ),
    "mentions.changed": (Reaction("tell_of_mention", tell_of_mention, unnamed=True),),
    "answer.accepted": (Reaction("tell_of_accepted", tell_of_accepted, unnamed=True),),
    "post.removed": (Reaction("tell_of_removed", tell_of_removed, unnamed=True),),
}
