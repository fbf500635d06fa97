"""Files that come in a body of JSON, written in base64."""

from base64 import b64decode
from collections.abc import Callable


def file_in(text: str, refused: Callable[[str], Exception]) -> bytes:
    """The bytes of a file; raises what *refused* makes of a sentence where the text is not base64."""
    try:
        return b64decode(text, validate=True)
    except ValueError:  # also for text that is not ASCII
        raise refused("the file is not written in base64") from None
