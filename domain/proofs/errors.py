"""What there is no proof of, as sentences."""

from domain.errors import NotFound, Rejected


class NoCheckpoint(NotFound):
    """No tree has been signed yet."""

    code = "no_checkpoint"

    def __init__(self) -> None:
        super().__init__("no checkpoint has been signed yet: the notary signs one (`campus worker notary`)")


class NotCosigned(NotFound):
    """No witness has cosigned a checkpoint yet."""

    code = "not_cosigned"

    def __init__(self) -> None:
        super().__init__("no witness has cosigned a checkpoint yet: CAMPUS_PROOF_WITNESSES says which are asked")


class NotSignedYet(NotFound):
    """The newest checkpoint is of fewer facts."""

    code = "not_signed_yet"
    template = "the newest checkpoint is of {size} facts, and {asked} was asked for: it may be signed later"


class NoSuchTile(NotFound):
    """The path is that of no tile, or of one that the signed tree does not have yet."""

    code = "no_such_tile"
    template = "there is no tile {path} in a tree of {size} facts"


class BadSizes(Rejected):
    """A tree is the beginning of a larger one only."""

    code = "bad_sizes"
    template = "the tree of {second} facts is smaller than that of {first}: `from` comes before `to`"
