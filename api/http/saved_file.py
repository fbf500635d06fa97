"""A file that a person has handed in, as an answer: it is saved, and nothing of it acts in a browser."""

from urllib.parse import quote

from fastapi import Response

OCTETS = "application/octet-stream"
SANDBOX = "default-src 'none'; sandbox; frame-ancestors 'none'"


def saved_file(content: bytes, name: str) -> Response:
    """The file, to be saved under this name; no cache keeps it."""
    headers = {
        "cache-control": "private, no-store",
        "content-security-policy": SANDBOX,
        "content-disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}",
    }
    return Response(content, 200, headers, OCTETS)
