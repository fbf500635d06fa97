"""
For what a campus asks consent, in which words; a change of the words is another version, which is asked for again.

What the campus has to do to teach, to sell and to keep its books needs no consent, and is not listed.
"""

from typing import NamedTuple


class Purpose(NamedTuple):
    """What a person consents to: the version counts from 1, *text* is what the person reads."""

    version: int
    text: str


CONTACT, RESEARCH = "contact_by_staff", "research"

PURPOSES = {
    CONTACT: Purpose(1, "The staff of the campus may see my name and my address, to contact me about my courses."),
    RESEARCH: Purpose(
        1, "What I do on my courses may be studied to improve teaching, under my number and without my name."
    ),
}
"""By name, which is kept in facts for ever. A purpose that is not asked for any more is taken out; its facts stay."""
