"""Lists of ids that are one parameter, with commas between."""

from api.http.errors import BadIds
from api.http.types import LONGEST_ID, is_id


def ids_in(text: str, most: int, what: str) -> list[str]:
    """
    The ids of learners in a list, each once.

    Args:
        most: how many there may be.
        what: what an answer has of each, in the plural.

    Raises:
        BadIds: one of them is none, or there are too many.
    """
    found = list(dict.fromkeys(text.split(",")))
    if len(found) > most:
        raise BadIds(f"an answer has {most} {what} at most, not {len(found)}: ask several times")
    for each in found:
        if not is_id(each):
            raise BadIds(f"{each[:LONGEST_ID]!r} is not the id of a learner")
    return found
