"""
Who is mentioned in a post: `@[LEARNER_ID]` in its text, which is shown as the name that the person has now.

So a text has no name of another person in it, and who is erased is gone from the texts of others, too.
"""

import re

MOST_MENTIONS = 10  # of one post
MENTION = re.compile(r"@\[([A-Za-z0-9_.-]{1,64})\]")


def mentioned_in(text: str) -> list[str]:
    """The people whom a text mentions, each once, in the order of the text."""
    return list(dict.fromkeys(MENTION.findall(text)))
