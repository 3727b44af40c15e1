"""The account PostgreSQL runs as: our own, or, as it refuses root, a system user that can reach its files."""

import os
import pwd
import shutil
import stat
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

_SYSTEM_USER = "pgserver"
_ATTEMPTS = 20
_READ_AND_ENTER = stat.S_IROTH | stat.S_IXOTH


class ServiceUserError(RuntimeError):
    """The embedded database has no account that it can run as."""


@dataclass(frozen=True)
class ServiceUser:
    """User and group ids for the database; None means that we are not root and stay who we are."""

    uid: int | None
    gid: int | None

    @property
    def groups(self) -> list[int] | None:
        """Return the supplementary groups to start with: none of root's, or our own unchanged."""
        return None if self.uid is None else []

    def own(self, path: Path) -> None:
        """Give a directory tree to this user where it is not theirs already."""
        if self.uid is None or self.gid is None or path.stat().st_uid == self.uid:
            return
        for item in (path, *path.rglob("*")):
            os.chown(item, self.uid, self.gid, follow_symlinks=False)

    def reach(self, path: Path) -> None:
        """Let this user pass through every parent of `path`, adding passage and nothing more."""
        if self.uid is None:
            return
        for parent in path.parents:
            mode = parent.stat().st_mode
            if not mode & stat.S_IXOTH:
                _change_mode(parent, mode | stat.S_IXOTH)

    def read_tree(self, path: Path) -> None:
        """Let this user read the PostgreSQL programs, which a strict umask may have kept private."""
        self.reach(path)
        if self.uid is None or path.stat().st_mode & _READ_AND_ENTER == _READ_AND_ENTER:
            return
        for item in (path, *path.rglob("*")):
            mode = item.stat().st_mode
            entry = stat.S_IXOTH if mode & stat.S_IXUSR else 0
            _change_mode(item, mode | stat.S_IROTH | entry)


def service_user(data_dir: Path) -> ServiceUser:
    """Choose the account: ourselves, or as root the data's owner, or the system user."""
    if os.geteuid() != 0:
        return ServiceUser(None, None)
    if data_dir.exists() and data_dir.stat().st_uid != 0:
        owner = data_dir.stat()
        return ServiceUser(owner.st_uid, owner.st_gid)
    account = _system_account()
    return ServiceUser(account.pw_uid, account.pw_gid)


def _system_account() -> pwd.struct_passwd:
    for _ in range(_ATTEMPTS):
        try:
            return pwd.getpwnam(_SYSTEM_USER)
        except KeyError:
            _create_system_account()
    raise ServiceUserError(
        f"PostgreSQL does not run as root and the system user {_SYSTEM_USER!r} could not be made: "
        "run as an ordinary user, or set DATABASE_URL."
    )


def _create_system_account() -> None:
    program = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin")
    if program is None:
        return
    options = ("--system", "--no-create-home", "--home-dir", "/nonexistent", "--shell", "/bin/sh")
    done = subprocess.run([program, *options, _SYSTEM_USER], check=False, capture_output=True)
    if done.returncode != 0:
        # Another checkout may hold the lock of the password file at this moment.
        time.sleep(0.1)


def _change_mode(path: Path, mode: int) -> None:
    try:
        path.chmod(stat.S_IMODE(mode))
    except OSError as error:
        raise ServiceUserError(
            f"PostgreSQL runs as {_SYSTEM_USER!r}, which cannot reach {path}: run `chmod o+x {path}`, "
            "move the checkout, or set VAR_DIR."
        ) from error
