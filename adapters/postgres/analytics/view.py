"""What a view for analysts is, and the columns that many have."""

from typing import NamedTuple


class Column(NamedTuple):
    """A column: its name, the SQL that makes it, and one sentence on its meaning and unit."""

    name: str
    expression: str
    meaning: str


class View(NamedTuple):
    """
    A view.

    Attributes:
        meaning: what one row is, in one sentence.
        source: what stands after FROM; `{name}` is a table of a read model, `{now}` the present time.
        reads: these tables; the view is made as soon as all of them are there.
    """

    name: str
    meaning: str
    source: str
    columns: tuple[Column, ...]
    reads: tuple[str, ...] = ()


RUN_ID = Column("run_id", "run_id::text", "The course run.")
LEARNER_ID = Column("learner_id", "learner_id::text", "The learner: an opaque id, never a name.")
