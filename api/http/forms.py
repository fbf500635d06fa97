"""Bodies that are forms, as OAuth and OpenID Connect have them."""

from urllib.parse import parse_qsl

from fastapi import Request

FORM = "application/x-www-form-urlencoded"


async def form_of(request: Request, *, largest: int, most_fields: int) -> dict[str, str] | None:
    """The fields of a form; None for another body, one that is larger or has more fields, and a field that is twice."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
        return None  # and the body is left to who can read it
    content = await request.body()
    if len(content) > largest:
        return None
    try:
        pairs = parse_qsl(content.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=most_fields)
    except ValueError:  # more than that
        return None
    form = dict(pairs)
    return form if len(form) == len(pairs) else None
