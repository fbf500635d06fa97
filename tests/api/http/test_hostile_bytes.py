"""Requests that are none, byte by byte, to the API as it is served: each is refused, and none smuggles another."""

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from adapters.settings import Settings
from tests.conftest import migrated
from tests.support.api_process import Served, serving
from tests.support.raw_requests import HOST, NEVER_ENDS, answers, request, shapes
from tests.support.servers import Servers

pytestmark = pytest.mark.processes

SHAPES = shapes(request("/v1/smuggled"))


@pytest.fixture(scope="module")
def api(servers: Servers) -> Iterator[Served]:
    """The API in a process of its own."""
    settings: Settings = migrated(servers)
    with serving(settings) as found:
        yield found


def place(api: Served) -> tuple[str, int]:
    """Host and port."""
    url = urlsplit(api.url)
    return url.hostname or "", url.port or 80


@pytest.mark.parametrize("shape", SHAPES)
def test_a_request_that_is_none_is_refused(api: Served, shape: str) -> None:
    """With 4xx, or by closing the connection; what stands after it is not carried out."""
    found = answers(*place(api), SHAPES[shape], ends=NEVER_ENDS in shape)
    assert [status for status, _ in found if not 400 <= status < 500] == [], found
    assert not any(b"/v1/smuggled" in text or b"no_such_page" in text for _, text in found), found
    assert len(found) <= 1, found


def test_requests_one_after_the_other_are_answered(api: Served) -> None:
    """As a proof that the smuggled one would be seen: in a pipeline of good requests it is answered."""
    good = b"GET /healthz HTTP/1.1\r\n" + HOST + b"\r\n"
    assert [status for status, _ in answers(*place(api), good + good + request("/v1/smuggled"))] == [200, 200, 404]


@pytest.mark.parametrize(
    "path",
    [
        "/docs/assets/../../../etc/passwd",
        "/docs/assets/..%2f..%2f..%2fetc/passwd",
        "/docs/assets/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
        "/docs/assets/....//....//etc/passwd",
        "/docs/assets//etc/passwd",
        "/docs/assets/%00/etc/passwd",
        "/docs/assets/..\\..\\..\\etc\\passwd",
        "/docs/assets/%c0%ae%c0%ae/etc/passwd",
        "/v1/../../etc/passwd",
        "/v1/proofs/tile/../../../etc/passwd",
        "/v1/proofs/..%2f..%2fkeys",
        "file:///etc/passwd",
        "http://169.254.169.254/latest/meta-data/",
    ],
)
def test_a_path_leads_nowhere_else(api: Served, path: str) -> None:
    """Neither to files of the machine nor to other hosts."""
    found = answers(*place(api), request(path))
    assert [status for status, _ in found if status not in (400, 404, 422)] == [], found
    assert not any(b"root:" in text for _, text in found)
