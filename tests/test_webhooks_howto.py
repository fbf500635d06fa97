"""docs/howto/webhooks.md: its receiver verifies what is sent, does a thing once, and refuses what was not signed."""

import re
import subprocess
import sys
import urllib.error
import urllib.request
from datetime import UTC, datetime
from pathlib import Path

import pytest

from adapters.webhooks.signature import headers_of

PAGE = Path(__file__).parents[1] / "docs" / "howto" / "webhooks.md"
SECRET, BODY = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", b'{"type":"course.created"}'


def post(url: str, headers: dict[str, str]) -> int:
    """The status of the answer to a message."""
    request = urllib.request.Request(url, BODY, headers)  # noqa: S310 - on loopback
    try:
        with urllib.request.urlopen(request) as answer:  # noqa: S310
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


@pytest.mark.processes
def test_the_receiver_of_the_page_works(tmp_path: Path) -> None:
    """As it stands there."""
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    script = tmp_path / "receiver.py"
    script.write_text(code)
    command = [sys.executable, str(script)]
    with subprocess.Popen(command, env={"WEBHOOK_SECRET": SECRET}, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            url = process.stdout.readline().split()[-1]
            headers = headers_of([SECRET], "m1", datetime.now(UTC), BODY)
            assert [post(url, headers), post(url, headers)] == [204, 204]
            assert post(url, headers_of([SECRET], "m2", datetime.now(UTC), BODY)) == 204
            assert post(url, {**headers, "webhook-id": "m3"}) == 401
        finally:
            process.terminate()
        assert process.stdout.read().count('"course.created"') == 2
