"""
An unprivileged Unix user for PostgreSQL, which refuses to run as root.

Without root there is nothing to do. As root, the system user `campuslog` owns PostgreSQL's directory, and the
directories above it and above the binaries become searchable (not readable) for others.
"""

import contextlib
import os
import pwd
import stat
import subprocess
import time
from pathlib import Path

from adapters.embedded.process import UnixUser

USER = "campuslog"
ADD_USER = ("/usr/sbin/useradd", "--system", "--shell", "/usr/sbin/nologin", USER)
LAST_RESORT = "nobody"  # if no user can be added, as in a read-only container


def unprivileged() -> UnixUser | None:
    """The Unix user for PostgreSQL; None if this process is not root."""
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam(USER)
    except KeyError:
        entry = _add_user()
    return UnixUser(entry.pw_uid, entry.pw_gid)


def give(directory: Path, account: UnixUser) -> None:
    """Make *account* the owner of *directory* and its contents, and let it reach the directory."""
    search_above(directory)
    if directory.stat().st_uid == account.uid:
        return
    for path in (directory, *directory.rglob("*")):
        os.chown(path, account.uid, account.gid, follow_symlinks=False)


def search_above(path: Path) -> None:
    """Let others pass through (not list) every directory above *path*."""
    for parent in path.resolve().parents:
        mode = parent.stat().st_mode
        if not mode & stat.S_IXOTH:
            parent.chmod(stat.S_IMODE(mode) | stat.S_IXOTH)


def let_read(directory: Path) -> None:
    """Let others read and execute under *directory* what its owner may, despite a private umask."""
    for path in (directory, *directory.rglob("*")):
        mode = stat.S_IMODE(path.lstat().st_mode)
        if not path.is_symlink():
            path.chmod(mode | (mode & 0o500) >> 6)


def _add_user() -> pwd.struct_passwd:
    """Add the system user; retry while another process holds the lock of `useradd`."""
    for _attempt in range(5):
        with contextlib.suppress(OSError):
            subprocess.run(ADD_USER, check=False, capture_output=True)
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(USER)
        time.sleep(0.2)
    return pwd.getpwnam(LAST_RESORT)
