"""Whom a post mentions: people who have a place on its run, and people with a role."""

from commands.log import Log
from commands.lookups.enrollment import has_access
from commands.lookups.roles import has_role
from domain.forum import NotMentionable, Post, mentioned_in


async def mention(log: Log, post: Post, run_id: str, text: str) -> None:
    """
    Note whom the text of a post mentions.

    Whom a learner may name at all, the API asks first: it knows who has written under a name on the run.

    Raises:
        NotMentionable: one who is new among them has neither a place on the run nor a role, or is the author.
        TooManyMentions: there are too many.
    """
    before, people = set(post.mentioned), mentioned_in(text)
    post.mention(run_id, people)
    for learner_id in people:
        if learner_id in before or await has_access(log, learner_id, run_id) or await has_role(log, learner_id):
            continue
        raise NotMentionable(learner_id=learner_id, run_id=run_id)
