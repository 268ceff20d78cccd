"""Fetching from a repository on this machine: whole files, damaged files, half files, no repository."""

from __future__ import annotations

import hashlib
import io
import tarfile
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from compose.stack.jars import KAFKA_VERSION, REGISTRY_VERSION, JarCache, read_manifest
from domain.errors import ConfigurationError, IntegrityError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from compose.stack.progress import Download

JAR = "org/example/thing/1.0/thing-1.0.jar"
ARCHIVE = "org/example/app/2.0/app-2.0-all.tar.gz"


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@pytest.fixture
def repository(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    root = tmp_path / "repository"
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        entry = tarfile.TarInfo("quarkus-run.jar")
        entry.size = 3
        tar.addfile(entry, io.BytesIO(b"app"))
    for name, content in ((JAR, b"jar" * 1000), (ARCHIVE, packed.getvalue())):
        (root / name).parent.mkdir(parents=True)
        (root / name).write_bytes(content)
        (root / f"{name}.sha1").write_text(hashlib.sha1(content).hexdigest())
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(root)))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", root
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def cache(tmp_path: Path, repository: tuple[str, Path]) -> JarCache:
    url, root = repository
    manifest = tmp_path / "jars.sha256"
    lines = [f"{hashlib.sha256((root / name).read_bytes()).hexdigest()}  {name}" for name in (JAR, ARCHIVE)]
    manifest.write_text("# two files\n" + "\n".join(lines) + "\n")
    return JarCache(tmp_path / "cache", repository=url, manifest=manifest)


def ensure(cache: JarCache) -> list[Download]:
    told: list[Download] = []
    cache.ensure(told.append)
    return told


def test_manifest_lists_both_parts_with_their_versions() -> None:
    paths = {jar.path.name for jar in read_manifest()}

    assert f"kafka_2.13-{KAFKA_VERSION}.jar" in paths
    assert f"apicurio-registry-app-{REGISTRY_VERSION}-all.tar.gz" in paths
    archive = next(jar for jar in read_manifest() if jar.part == "registry")
    assert archive.coordinates == ("io.apicurio", "apicurio-registry-app", REGISTRY_VERSION, "all", "tar.gz")


def test_malformed_manifest_is_refused(tmp_path: Path) -> None:
    (tmp_path / "bad").write_text("abc  path\n")

    with pytest.raises(IntegrityError, match="malformed"):
        read_manifest(tmp_path / "bad")


def test_everything_is_fetched_once_and_then_no_network_is_needed(
    cache: JarCache, repository: tuple[str, Path]
) -> None:
    assert len(cache.missing()) == 2
    told = ensure(cache)

    assert cache.missing() == []
    assert {progress.file for progress in told} == {"thing-1.0.jar", "app-2.0-all.tar.gz"}
    assert (cache.registry_home / "quarkus-run.jar").read_bytes() == b"app"
    assert cache.kafka_class_path == str(cache.files / JAR)
    cache.repository = "http://127.0.0.1:1"
    assert ensure(cache) == []


def test_half_written_file_is_fetched_again(cache: JarCache) -> None:
    ensure(cache)
    (cache.files / JAR).write_bytes(b"jar" * 10)

    assert [str(jar.path) for jar in cache.missing()] == [JAR]
    ensure(cache)

    assert (cache.files / JAR).read_bytes() == b"jar" * 1000


def test_only_the_wanted_part_is_fetched(cache: JarCache) -> None:
    cache.ensure(lambda _progress: None, ["kafka"])

    assert (cache.files / JAR).exists()
    assert not (cache.files / ARCHIVE).exists()


def test_altered_file_is_refused_and_not_kept(cache: JarCache, repository: tuple[str, Path]) -> None:
    _, root = repository
    (root / JAR).write_bytes(b"other")
    (root / f"{JAR}.sha1").write_text(hashlib.sha1(b"other").hexdigest())

    with pytest.raises(IntegrityError, match="SHA-256"):
        ensure(cache)
    assert not (cache.files / JAR).exists()


def test_missing_repository_is_named_with_its_mend(cache: JarCache) -> None:
    cache.repository = "http://127.0.0.1:1"

    with pytest.raises(UnavailableError, match="could not be fetched after 3 attempts") as caught:
        ensure(cache)
    assert "ORDERTRUTH_CACHE_DIR" in caught.value.remediation


def test_cache_that_is_not_a_folder_is_refused(cache: JarCache) -> None:
    cache.folder.write_text("")

    with pytest.raises(ConfigurationError, match="cannot be used"):
        ensure(cache)
