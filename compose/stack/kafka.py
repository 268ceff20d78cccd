"""Apache Kafka: one node that is broker and controller (KRaft) on the loopback interface, open or with users."""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from compose.stack.endpoints import ADMIN, scram_config
from compose.stack.folder import PRIVATE_FILE, PRIVATE_FOLDER
from compose.stack.guarded import GuardedProcess
from compose.stack.jars import KAFKA_VERSION
from compose.stack.part import answers
from compose.stack.ports import LOOPBACK
from domain.errors import IntegrityError, UnavailableError

if TYPE_CHECKING:
    from pathlib import Path

    from compose.stack.kafka_access import Access

FORMAT_TIMEOUT_S = 60
METADATA_TIMEOUT_S = 5.0
STOP_TIMEOUT_S = 20.0

# Offsets never expire, or a consumer stopped for a week would start over. Four partitions for the internal topics,
# because each costs a file and a recovery. No automatic topics: the catalogue is the only place that names them. No
# controlled shutdown: a lone broker has nobody to hand its partitions to, and while they have no leader its transaction
# coordinator calls commits complete that it never wrote into them (seen with 4.3.1: one stop in six lost some).
_PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@{host}:{controller}
listeners={protocol}://{host}:{port},CONTROLLER://{host}:{controller}
advertised.listeners={protocol}://{host}:{port}
controller.listener.names=CONTROLLER
listener.security.protocol.map={protocol}:{protocol},CONTROLLER:{protocol}
log.dirs={data}
num.partitions=4
auto.create.topics.enable=false
default.replication.factor=1
min.insync.replicas=1
offsets.topic.num.partitions=4
offsets.topic.replication.factor=1
offsets.retention.minutes=2147483647
transaction.state.log.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
controlled.shutdown.enable=false
log.cleaner.dedupe.buffer.size=16777216
num.network.threads=2
num.io.threads=4
"""

_LOGGING = """\
rootLogger.level=warn
rootLogger.appenderRef.out.ref=out
appender.out.type=Console
appender.out.name=out
appender.out.layout.type=PatternLayout
appender.out.layout.pattern=%d{yyyy-MM-dd'T'HH:mm:ss.SSS'Z'}{UTC} %p %c{1} %m%n
logger.server.name=kafka.server.KafkaRaftServer
logger.server.level=info
"""


@dataclass
class Kafka:
    """The embedded broker; `folder` holds its data and configuration, `heap_mb` is in MiB.

    With `access` it knows its users and refuses what nobody granted them; without, whoever reaches it may do anything.
    """

    folder: Path
    log: Path
    java: Path
    class_path: str
    cluster_id: str
    port: int
    controller_port: int
    heap_mb: int
    access: Access | None = None
    name: str = "kafka"

    def prepare(self) -> None:
        """Write the configuration and, the first time, format the data folder.

        Raises IntegrityError when the data folder is damaged or belongs to another cluster.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        if self.access:
            self.folder.chmod(PRIVATE_FOLDER)  # what is in the topics, and what SCRAM keeps of the passwords
        self._logging.write_text(_LOGGING + (self.access.logging() if self.access else ""), encoding="utf-8")
        data = self.folder / "data"
        if not data.exists():
            self._format(data)
        self._check_data(data)
        self._configure(self._properties, data)

    @property
    def _properties(self) -> Path:
        return self.folder / "server.properties"

    @property
    def _logging(self) -> Path:
        return self.folder / "log4j2.properties"

    def _configure(self, file: Path, data: Path) -> None:
        text = _PROPERTIES.format(
            protocol="SASL_PLAINTEXT" if self.access else "PLAINTEXT",
            host=LOOPBACK,
            port=self.port,
            controller=self.controller_port,
            data=data,
        )
        _write_private(file, text + (self.access.properties() if self.access else ""))

    def _java(self, *arguments: str) -> list[str]:
        return [
            str(self.java),
            f"-Xmx{self.heap_mb}m",
            "-XX:+UseSerialGC",
            "-XX:+ExitOnOutOfMemoryError",
            "-Xshare:auto",
            # A run-time warning of the compression library's native code would be the only line of the log.
            "--enable-native-access=ALL-UNNAMED",
            f"-Dlog4j2.configurationFile={self._logging}",
            "-Djava.awt.headless=true",
            "-cp",
            self.class_path,
            *arguments,
        ]

    def _format(self, data: Path) -> None:
        """Format aside and move into place, so that a crash leaves no half-formatted folder."""
        aside = self.folder / "formatting"
        shutil.rmtree(aside, ignore_errors=True)
        file, arguments = self.folder / "format.properties", self.folder / "format.arguments"
        self._configure(file, aside)
        command = self._java("kafka.tools.StorageTool", "format", f"--cluster-id={self.cluster_id}", "-c", str(file))
        command += self.access.first_user() if self.access else []
        # Through a file: every user of the machine can read the arguments of a process, and one is a password.
        _write_private(arguments, "\n".join(_quoted(argument) for argument in command[1:]))
        try:
            done = subprocess.run(
                [command[0], f"@{arguments}"],
                capture_output=True,
                text=True,
                timeout=FORMAT_TIMEOUT_S,
                check=False,
            )
        finally:
            arguments.unlink()
            file.unlink()
        if done.returncode:
            msg = f"Kafka's data folder could not be formatted: {(done.stderr or done.stdout).strip()[-500:]}."
            raise UnavailableError(msg, remediation="Run `ordertruth doctor`; it checks Java and the disk.")
        aside.rename(data)

    def _check_data(self, data: Path) -> None:
        mend = f"Restore {data} from a copy, or delete the whole state folder to start from nothing."
        meta = data / "meta.properties"
        if not meta.is_file():
            msg = f"Kafka's data folder {data} has no meta.properties: it is damaged."
            raise IntegrityError(msg, remediation=mend)
        lines = dict(line.partition("=")[::2] for line in meta.read_text(errors="replace").splitlines())
        if lines.get("cluster.id") != self.cluster_id:
            msg = f"Kafka's data in {data} belong to cluster {lines.get('cluster.id')!r}, not {self.cluster_id!r}."
            raise IntegrityError(msg, remediation=mend)

    def process(self) -> GuardedProcess:
        """The broker, not started."""
        return GuardedProcess(
            self._java("kafka.Kafka", str(self._properties)),
            log_path=self.log,
            cwd=self.folder,
            stop_timeout_s=STOP_TIMEOUT_S,
        )

    def check(self) -> str:
        """Ask for the cluster's metadata, and see that it is the cluster of the data folder."""
        if not answers(self.port):
            raise ConnectionRefusedError
        config = {"bootstrap.servers": f"{LOOPBACK}:{self.port}"}
        if self.access:
            config |= scram_config(ADMIN, self.access.admin)
        found = cluster_id(config)
        if found != self.cluster_id:
            msg = f"cluster {found!r} answers"
            raise ConnectionError(msg)
        return KAFKA_VERSION


def _write_private(file: Path, text: str) -> None:
    with os.fdopen(os.open(file, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, PRIVATE_FILE), "w", encoding="utf-8") as opened:
        os.fchmod(opened.fileno(), PRIVATE_FILE)  # one that was there before keeps the mode it had
        opened.write(text)


def _quoted(argument: str) -> str:
    """An argument as Java reads it from a file."""
    escaped = argument.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def cluster_id(config: dict[str, str], timeout_s: float = METADATA_TIMEOUT_S) -> str:
    """The id of the cluster that answers, once it has a controller and a broker.

    Raises ConnectionError when none does within `timeout_s` seconds.
    """
    from confluent_kafka import KafkaException
    from confluent_kafka.admin import AdminClient

    silent = logging.getLogger("compose.stack.kafka.client")
    silent.setLevel(logging.CRITICAL + 1)
    options: dict[str, Any] = {**config, "logger": silent, "socket.timeout.ms": int(timeout_s * 1000)}
    try:
        metadata = AdminClient(options).list_topics(timeout=timeout_s)
    except KafkaException as error:
        raise ConnectionError(str(error.args[0])) from None
    found: str | None = metadata.cluster_id
    if metadata.controller_id < 0 or not metadata.brokers or not found:
        msg = "the cluster has no controller yet"
        raise ConnectionError(msg)
    return found
