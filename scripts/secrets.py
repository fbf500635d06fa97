"""Look for keys and tokens in every file of the repository; ends with 1 and their places if there are any."""

import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from detect_secrets import SecretsCollection
from detect_secrets.core.scan import get_plugins
from detect_secrets.settings import transient_settings

ROOT = Path(__file__).parents[1]
DETECTORS = (
    *(
        "AWSKeyDetector",
        "ArtifactoryDetector",
        "AzureStorageKeyDetector",
        "CloudantDetector",
        "DiscordBotTokenDetector",
    ),
    *("GitHubTokenDetector", "GitLabTokenDetector", "IbmCloudIamDetector", "MailchimpDetector", "NpmDetector"),
    *("OpenAIDetector", "PrivateKeyDetector", "PypiTokenDetector", "SendGridDetector", "SlackDetector"),
    *("SquareOAuthDetector", "StripeDetector", "TelegramBotTokenDetector", "TwilioKeyDetector"),
)
"""Those that know a form; the others guess by entropy or by words, and find fixtures of tests."""

ALLOWED = "filters.allowlist.is_line_allowlisted"  # a line that says `pragma: allowlist secret`

AS_THEY_ARE = {".py", ".md", ".html", ".po", ".js", ".css", ".sql", ".svg"}
"""
Files whose lines detect-secrets reads as they stand. All forms are looked for in their whole text first: by lines, with
all filters, it takes six times as long. Other files may be settings, whose values it takes apart.
"""


def found_in(paths: Iterable[Path]) -> list[str]:
    """The place and the kind of each secret in some files."""
    settings = {
        "plugins_used": [{"name": name} for name in DETECTORS],
        "filters_used": [{"path": f"detect_secrets.{ALLOWED}"}],
    }
    secrets = SecretsCollection()
    with transient_settings(settings):
        forms = [re.compile(each.pattern, each.flags | re.MULTILINE) for one in get_plugins() for each in one.denylist]
        for path in paths:
            if path.suffix not in AS_THEY_ARE or _may_have_one(path, forms):
                secrets.scan_file(str(path))
    return sorted(f"{secret.filename}:{secret.line_number} {secret.type}" for _, secret in secrets)


def _may_have_one(path: Path, forms: Iterable[re.Pattern[str]]) -> bool:
    text = path.read_text(errors="replace")
    return any(form.search(text) for form in forms)


def tracked() -> list[Path]:
    """Every file of the repository."""
    command = ["git", "ls-files", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def main() -> int:
    """Scan the repository."""
    found = found_in(tracked())
    sys.stderr.writelines(f"{place}: a secret does not belong into the repository\n" for place in found)
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
