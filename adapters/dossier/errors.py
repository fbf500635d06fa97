"""Why there is no dossier, as sentences."""

from domain.errors import NotFound, Rejected


class NothingRecorded(NotFound):
    """The log has no fact about the learner up to the position."""

    code = "nothing_recorded"
    template = "nothing is recorded about learner {learner_id} up to position {position}"


class TooManyFacts(Rejected):
    """A dossier is held in memory, and a page is read by people."""

    code = "too_many_facts"
    template = (
        "{facts} facts belong to the dossier of learner {learner_id}, and {most} is the most: ask as of an earlier time"
    )


class TooLarge(Rejected):
    """The file is larger than what is kept for a download."""

    code = "dossier_too_large"
    template = (
        "the dossier of learner {learner_id} has {bytes} bytes, and {most} is the most: make it with `campus dossier`"
    )


class KeysElsewhere(Rejected):
    """The statement about the learner would not be signed by the keys that sign the log."""

    code = "keys_elsewhere"
    template = (
        "the keys that sign {tree} are not here: make the dossier where the notary runs, or set CAMPUS_PROOF_KEYS as"
        " the notary has it"
    )
