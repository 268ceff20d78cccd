"""The Java parts: which files they are, that they are whole, and how to fetch them.

`jars.sha256` lists every file with its SHA-256, in the form `sha256sum -c` reads, with the paths of a Maven
repository below the cache folder. A complete cache needs no network. The library that fetches writes straight into
its target and trusts what is there, so files are fetched into a folder aside, compared, and only then moved in.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import tarfile
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from compose.stack.progress import Download
from domain.errors import ConfigurationError, IntegrityError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Generator, Iterable, Iterator

MANIFEST = Path(__file__).with_name("jars.sha256")
KAFKA_VERSION = "4.3.1"
REGISTRY_VERSION = "3.3.3"
JAVA_PARTS = ("kafka", "registry")
FETCH_ATTEMPTS = 3
FETCH_THREADS = 4
FETCH_TIMEOUT_S = 30

OFFLINE_HELP = (
    "Check the network and HTTPS_PROXY and run it again (what is complete is kept), copy a filled cache folder to "
    "ORDERTRUTH_CACHE_DIR, name a mirror in ORDERTRUTH_STACK__JAR_REPOSITORY, or use existing services instead."
)


@dataclass(frozen=True)
class Jar:
    """A file of the manifest; `path` is relative to the repository folder and tells its coordinates."""

    path: PurePosixPath
    sha256: str

    @property
    def coordinates(self) -> tuple[str, str, str, str, str]:
        """Group, artifact, version, classifier (may be empty) and packaging."""
        *group, artifact, version, name = self.path.parts
        rest = name.removeprefix(f"{artifact}-{version}")
        classifier, _, packaging = rest.partition(".")
        return ".".join(group), artifact, version, classifier.removeprefix("-"), packaging

    @property
    def part(self) -> str:
        """The part it belongs to: `registry` (an archive) or `kafka`."""
        return "registry" if self.path.name.endswith(".tar.gz") else "kafka"


def read_manifest(path: Path = MANIFEST) -> tuple[Jar, ...]:
    """The files the Java parts consist of. Raises IntegrityError when a line is malformed."""
    jars = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        digest, _, name = line.partition("  ")
        if len(digest) != hashlib.sha256().digest_size * 2 or not name:
            msg = f"{path.name} has a malformed line: {line!r}."
            raise IntegrityError(msg, remediation="Restore the file from the repository.")
        jars.append(Jar(PurePosixPath(name), digest))
    return tuple(jars)


class JarCache:
    """The folder the Java parts are kept in; may be shared by several stacks and processes.

    `repository` is the URL of a mirror to fetch from, None for the public one.
    """

    def __init__(self, folder: Path, *, repository: str | None = None, manifest: Path = MANIFEST) -> None:
        self.folder = folder
        self.files = folder / "maven"
        self.repository = repository
        self.jars = read_manifest(manifest)
        self._stamps = folder / "verified.json"

    @property
    def kafka_class_path(self) -> str:
        """The class path of the broker; only meaningful after `ensure`."""
        return os.pathsep.join(str(self.files / jar.path) for jar in self.jars if jar.part == "kafka")

    @property
    def registry_home(self) -> Path:
        """The unpacked registry; only there after `ensure`."""
        return self.folder / f"apicurio-registry-{REGISTRY_VERSION}"

    def missing(self, parts: Container[str] = JAVA_PARTS) -> list[Jar]:
        """The files of `parts` that are not there or are not what the manifest says."""
        stamps = self._read_stamps()
        bad = [jar for jar in self.jars if jar.part in parts and not self._is_good(jar, stamps)]
        self._write_stamps(stamps)
        return bad

    def ensure(self, report: Callable[[Download], None], parts: Container[str] = JAVA_PARTS) -> None:
        """Make every file of `parts` be there and whole, fetching what is not, and unpack the registry.

        Raises UnavailableError when something cannot be fetched, IntegrityError when what is fetched is not what the
        manifest says, and ConfigurationError when the folder cannot be written.
        """
        try:
            if self.is_complete(parts):
                return
            self.folder.mkdir(parents=True, exist_ok=True)
            with _locked(self.folder / "cache.lock"):
                wanted = self.missing(parts)
                if wanted:
                    self._fetch_all(wanted, report)
                if "registry" in parts:
                    self._unpack_registry()
        except OSError as error:
            msg = f"The cache folder {self.folder} cannot be used: {error}."
            raise ConfigurationError(
                msg, remediation="Free space or correct its permissions, or set ORDERTRUTH_CACHE_DIR."
            ) from error

    def is_complete(self, parts: Container[str] = JAVA_PARTS) -> bool:
        """Whether `ensure` has nothing to do; a complete cache may belong to another user and be read-only."""
        return not self.missing(parts) and ("registry" not in parts or self._is_unpacked())

    def _is_unpacked(self) -> bool:
        done = self.registry_home / ".unpacked"
        return done.is_file() and done.read_text() == self._archive.sha256

    @property
    def _archive(self) -> Jar:
        return next(jar for jar in self.jars if jar.part == "registry")

    def _is_good(self, jar: Jar, stamps: dict[str, list[Any]]) -> bool:
        path = self.files / jar.path
        try:
            facts = path.stat()
        except OSError:
            return False
        # Hashing 250 MB on each start would cost a second; an unchanged size and time is taken for unchanged content.
        stamp = [facts.st_size, facts.st_mtime_ns, jar.sha256]
        if stamps.get(str(jar.path)) == stamp:
            return True
        if _sha256(path) != jar.sha256:
            return False
        stamps[str(jar.path)] = stamp
        return True

    def _fetch_all(self, wanted: Iterable[Jar], report: Callable[[Download], None]) -> None:
        with (
            tempfile.TemporaryDirectory(prefix="fetch-", dir=self.folder) as aside,
            ThreadPoolExecutor(FETCH_THREADS, thread_name_prefix="fetch") as pool,
        ):
            jobs = [pool.submit(self._fetch, jar, Path(aside), report) for jar in wanted]
            try:
                for job in jobs:
                    job.result()
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise

    def _fetch(self, jar: Jar, aside: Path, report: Callable[[Download], None]) -> None:
        last = ""
        for _attempt in range(FETCH_ATTEMPTS):
            target = aside / jar.path
            target.unlink(missing_ok=True)
            try:
                _download(jar, aside, self.repository, report)
            except OSError as error:
                # The fetching library's network errors are OSErrors too; a full disk must not be retried as one.
                if error.errno is not None and not isinstance(error, ConnectionError):
                    raise
                last = _short(error)
                continue
            except RuntimeError as error:
                last = _short(error)
                continue
            if _sha256(target) == jar.sha256:
                place = self.files / jar.path
                place.parent.mkdir(parents=True, exist_ok=True)
                target.replace(place)
                return
            last = ""
        if last:
            msg = f"{jar.path.name} could not be fetched after {FETCH_ATTEMPTS} attempts: {last}."
            raise UnavailableError(msg, remediation=OFFLINE_HELP)
        msg = f"{jar.path.name} was fetched {FETCH_ATTEMPTS} times and is not the file its SHA-256 names."
        raise IntegrityError(
            msg, remediation="Something between here and the repository alters files: check the proxy or mirror."
        )

    def _unpack_registry(self) -> None:
        if self._is_unpacked():
            return
        aside = Path(tempfile.mkdtemp(prefix="unpack-", dir=self.folder))
        try:
            with tarfile.open(self.files / self._archive.path) as tar:
                tar.extractall(aside, filter="data")
            (aside / ".unpacked").write_text(self._archive.sha256)
            # Made for its owner alone; a shared cache is read by others.
            aside.chmod(0o755)
            shutil.rmtree(self.registry_home, ignore_errors=True)
            aside.rename(self.registry_home)
        finally:
            shutil.rmtree(aside, ignore_errors=True)

    def _read_stamps(self) -> dict[str, list[Any]]:
        try:
            stamps = json.loads(self._stamps.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return stamps if isinstance(stamps, dict) else {}

    def _write_stamps(self, stamps: dict[str, list[Any]]) -> None:
        if not os.access(self.folder, os.W_OK) or stamps == self._read_stamps():
            return
        aside = self._stamps.with_suffix(f".{os.getpid()}")
        aside.write_text(json.dumps(stamps, indent=0), encoding="utf-8")
        aside.replace(self._stamps)


def _short(error: Exception) -> str:
    return str(error).split("(Caused by", maxsplit=1)[-1].strip()[:300] or type(error).__name__


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _download(jar: Jar, aside: Path, repository: str | None, report: Callable[[Download], None]) -> None:
    from jgo.maven import MavenContext, PythonResolver

    @contextmanager
    def told(name: str, total: int) -> Generator[Callable[[int], None]]:
        done = 0

        def advance(count: int) -> None:
            nonlocal done
            done += count
            report(Download(name, done, total))

        report(Download(name, 0, total))
        yield advance

    context = MavenContext(
        resolver=PythonResolver(progress_callback=told),
        repo_cache=aside,
        local_repos=[],
        remote_repos={"mirror": repository.rstrip("/")} if repository else None,
        timeout=FETCH_TIMEOUT_S,
    )
    group, artifact, version, classifier, packaging = jar.coordinates
    context.project(group, artifact).at_version(version).artifact(classifier, packaging).resolve()
