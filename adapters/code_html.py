"""Code with its keywords, texts, numbers and notes marked, for languages that are known; all else is plain."""

from collections.abc import Mapping
from functools import cache

from markupsafe import escape
from pygments.lexer import Lexer
from pygments.lexers import get_lexer_by_name
from pygments.token import Comment, Keyword, Name, Number, Operator, String, _TokenType

LONGEST = 3_000  # characters of code that is marked; some languages take the square of it
LANGUAGES = frozenset(
    (
        *("bash", "c", "cpp", "csharp", "css", "diff", "go", "haskell", "html", "java", "javascript", "json", "julia"),
        *("kotlin", "matlab", "php", "python", "r", "ruby", "rust", "scala", "sql", "swift", "toml", "typescript"),
        *("xml", "yaml"),
    )
)
CLASSES: Mapping[_TokenType, str] = {
    Comment: "code-note",
    String: "code-text",
    Number: "code-number",
    Keyword: "code-word",
    Name.Tag: "code-word",
    Operator.Word: "code-word",
}


def marked_code(code: str, language: str) -> str:
    """Code as HTML."""
    name = language.strip().lower()
    if name not in LANGUAGES or len(code) > LONGEST:
        return str(escape(code))
    return "".join(_piece(kind, text) for kind, text in _lexer(name).get_tokens(code))


def _piece(kind: _TokenType, text: str) -> str:
    found = next((CLASSES[each] for each in reversed(kind.split()) if each in CLASSES), None)
    return f'<span class="{found}">{escape(text)}</span>' if found else str(escape(text))


@cache
def _lexer(name: str) -> Lexer:
    return get_lexer_by_name(name, stripnl=False, ensurenl=False)
