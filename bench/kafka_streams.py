"""The same derivation on Kafka Streams: compiles the Java sources beside this file once, then becomes the JVM.

Beyond the plan every side gets, these keys may be given: `guarantee` (exactly_once_v2 or at_least_once), `threads`
(stream threads), `store` (memory or rocksdb), `commit_ms`, `emit_every` (events of a partition after which the changed
orders leave, the peer of our batch), `live_max` (orders a partition keeps as objects) and `java_options`.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

from avro.registry import Registry
from compose.settings import Settings, load_settings
from compose.stack.assembly import java
from compose.stack.jars import JarCache
from domain.errors import UnavailableError
from topics.catalogue import ORDER_STATE

FOLDER = Path(__file__).with_name("java")
MAIN = "ordertruth.Main"
COMPILE_TIMEOUT_S = 120
JAVA_RELEASE = "25"
DEFAULTS: Mapping[str, Any] = {
    "guarantee": "exactly_once_v2",
    "threads": 1,
    "store": "memory",
    "commit_ms": 100,
    "emit_every": 1000,
    "live_max": 10_000,
}
JAVA_OPTIONS = (
    "-Xms2g",
    "-Xmx2g",
    "-Xmn1g",
    "-XX:+UseParallelGC",
    "-XX:+UseCompactObjectHeaders",
    "-XX:+AlwaysPreTouch",
    "-XX:+ExitOnOutOfMemoryError",
    "-XX:-UsePerfData",
    "--enable-native-access=ALL-UNNAMED",
)


def main() -> NoReturn:
    """Become the JVM that runs the plan on the command line: the process id stays, so it can be measured."""
    plan = json.loads(sys.argv[1])
    command = java_command(load_settings(), plan)
    os.execv(command[0], command)


def java_command(settings: Settings, plan: Mapping[str, Any]) -> list[str]:
    """What to execute for a plan; fetches the Java parts and compiles when that was not done before.

    Raises `UnavailableError` when the parts cannot be fetched, the sources do not compile or the registry is away.
    """
    jars = JarCache(settings.cache_path, repository=settings.stack.jar_repository, manifest=FOLDER / "jars.sha256")
    jars.ensure(lambda _: None, ("kafka",))
    classes = compiled(jars)
    with Registry(plan["registry_url"]) as registry:
        schema_id = registry.id_for(ORDER_STATE.name, "OrderState")
    full = {**DEFAULTS, **plan, "output_schema_id": schema_id}
    options = [*JAVA_OPTIONS, *plan.get("java_options", ())]
    class_path = os.pathsep.join([str(classes), jars.kafka_class_path])
    return [str(java()), *options, "-cp", class_path, MAIN, json.dumps(full)]


def compiled(jars: JarCache) -> Path:
    """The folder of the compiled classes, named after the sources and libraries they come from."""
    sources = sorted(FOLDER.glob("src/**/*.java"))
    digest = hashlib.sha256()
    for file in (FOLDER / "jars.sha256", *sources):
        digest.update(file.read_bytes())
    classes = jars.folder / f"kafka-streams-{digest.hexdigest()[:16]}"
    if not classes.is_dir():
        with _locked(jars.folder / "kafka-streams.lock"):
            if not classes.is_dir():
                _compile(jars, sources, classes)
    return classes


def _compile(jars: JarCache, sources: list[Path], classes: Path) -> None:
    """Compile aside and move into place, so that a crash leaves no half of it."""
    aside = Path(tempfile.mkdtemp(prefix="compile-", dir=jars.folder))
    try:
        done = subprocess.run(
            [
                str(java()),
                "-cp",
                jars.kafka_class_path,
                "org.eclipse.jdt.internal.compiler.batch.Main",
                *("--release", JAVA_RELEASE, "-d", str(aside), "-cp", jars.kafka_class_path, "-nowarn"),
                *map(str, sources),
            ],
            capture_output=True,
            text=True,
            timeout=COMPILE_TIMEOUT_S,
            check=False,
        )
        if done.returncode:
            message = f"The Kafka Streams peer does not compile: {(done.stderr or done.stdout).strip()[-1000:]}."
            raise UnavailableError(message, remediation="Mend the sources in bench/java/src.")
        aside.chmod(0o755)
        aside.rename(classes)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


if __name__ == "__main__":
    main()
