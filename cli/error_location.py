"""File and line of code that cannot be loaded, most likely of a rule that is being written."""

import traceback
from pathlib import Path

ROOT = Path(__file__).parent.parent


def where(error: BaseException) -> str:
    """File and line, from the root on, of a fault in our code: of a syntax error, or where an import has failed."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{_short(error.filename)}:{error.lineno}"
    ours = [frame for frame in traceback.extract_tb(error.__traceback__) if not frame.filename.startswith("<")]
    return f"{_short(ours[-1].filename)}:{ours[-1].lineno}" if ours else ""


def what(error: BaseException) -> str:
    """The fault in words, with its line of source where that is known."""
    if isinstance(error, SyntaxError):
        source = f": {error.text.strip()}" if error.text else ""
        return f"{type(error).__name__}: {error.msg}{source}"
    return f"{type(error).__name__}: {error}"


def _short(file: str) -> str:
    path = Path(file)
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else file
