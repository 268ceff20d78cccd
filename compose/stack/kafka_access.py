"""Who may come in: the broker's configuration when it knows its users and asks its authoriser about each request.

Clients use SCRAM over the loopback interface. The controller's own listener knows one user, the node itself, by a
password in its private configuration: were it open, whoever reached its port could grant himself anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from compose.stack.endpoints import ADMIN, MECHANISM

if TYPE_CHECKING:
    from pathlib import Path

    from pydantic import SecretStr

    from compose.stack.endpoints import Endpoints
    from topics.access import Change

CONTROLLER = "controller"
DENIALS_MB = 4
DENIALS_FILES = 3
"""Older files of refusals that are kept beside the newest."""

_PROPERTIES = """\
inter.broker.listener.name=SASL_PLAINTEXT
sasl.enabled.mechanisms={mechanism}
sasl.mechanism.inter.broker.protocol={mechanism}
listener.name.sasl_plaintext.{scram}.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required \
username="{admin}" password="{admin_password}";
sasl.mechanism.controller.protocol=PLAIN
listener.name.controller.sasl.enabled.mechanisms=PLAIN
listener.name.controller.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required \
username="{controller}" password="{controller_password}" user_{controller}="{controller_password}";
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
allow.everyone.if.no.acl.found=false
super.users=User:{admin};User:{controller}
"""

# What a client calls a topic is written into the line, so an end of line in it must not begin another one.
_LOGGING = """\
appender.denials.type=RollingFile
appender.denials.name=denials
appender.denials.fileName={file}
appender.denials.filePattern={file}.%i
appender.denials.filePermissions=rw-------
appender.denials.layout.type=PatternLayout
appender.denials.layout.pattern=%d{{yyyy-MM-dd'T'HH:mm:ss.SSS'Z'}}{{UTC}} %encode{{%m}}{{CRLF}}%n
appender.denials.policies.type=Policies
appender.denials.policies.size.type=SizeBasedTriggeringPolicy
appender.denials.policies.size.size={size_mb}MB
appender.denials.strategy.type=DefaultRolloverStrategy
appender.denials.strategy.fileIndex=min
appender.denials.strategy.max={files}
logger.authorizer.name=kafka.authorizer.logger
logger.authorizer.level=info
logger.authorizer.additivity=false
logger.authorizer.appenderRef.denials.ref=denials
"""


@dataclass(frozen=True)
class Access:
    """The broker's own passwords, and the file its authoriser writes every refusal to."""

    admin: SecretStr
    controller: SecretStr
    denials: Path

    def properties(self) -> str:
        """Lines of the broker's configuration; they hold passwords."""
        return _PROPERTIES.format(
            mechanism=MECHANISM,
            scram=MECHANISM.lower(),
            admin=ADMIN,
            admin_password=self.admin.get_secret_value(),
            controller=CONTROLLER,
            controller_password=self.controller.get_secret_value(),
        )

    def logging(self) -> str:
        """Lines of the broker's logging: refusals go to a file of their own."""
        return _LOGGING.format(file=self.denials, size_mb=DENIALS_MB, files=DENIALS_FILES)

    def first_user(self) -> list[str]:
        """Arguments of the formatting tool: the administrator exists before the first start and makes the others."""
        return ["--add-scram", f"{MECHANISM}=[name={ADMIN},password={self.admin.get_secret_value()}]"]


def secure_kafka(endpoints: Endpoints) -> Change:
    """Bring users and grants of the running broker to what the catalogue says. Raises UnavailableError."""
    from topics.access import bring_about, make_users
    from topics.contracts.acls import grants

    admin = endpoints.kafka_config(ADMIN)
    make_users(admin, {name: password.get_secret_value() for name, password in endpoints.kafka_users.items()})
    return bring_about(admin, grants())
