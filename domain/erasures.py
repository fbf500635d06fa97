"""Why a person is erased, in words that name no one: they stay in the fact when all else is gone (GDPR, Article 17)."""

from enum import StrEnum


class ErasureGround(StrEnum):
    """
    Why a person is erased.

    `own_wish` was said in the account, `asked` by the person in another way, such as a letter. `mistake`: what was
    recorded is about another person, is there twice, or was a test.
    """

    OWN_WISH = "own_wish"
    ASKED = "asked"
    NO_LONGER_NEEDED = "no_longer_needed"
    UNLAWFUL = "unlawful"
    LEGAL_OBLIGATION = "legal_obligation"
    MISTAKE = "mistake"
