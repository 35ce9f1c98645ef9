"""A real Apache Kafka on this machine, so that nothing the tests say is only true of the embedded broker.

Its jars are named in `pom.xml`; one process is broker and controller at once. It must not know the tests that use it.
"""

import asyncio
import hashlib
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple
from xml.etree import ElementTree

from streams.runtime.embedded import HOST, BrokerError, BrokerProcess, free_port

POM: Final = Path(__file__).with_name("pom.xml")
CACHE: Final = Path(__file__).parents[2] / ".cache" / "kafka"
CLUSTER_ID: Final = "V2FjaHRtb25pdG9yVGVzdA"
"""Any UUID in base64 of 22 characters; storage must be formatted with one."""
MAVEN_SECONDS: Final = 180.0
"""Bound on the first download (43 MB), below the time limit of a test."""
JAVA: Final = (
    "java",
    "-Xmx512m",
    "-XX:+UseSerialGC",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss.SSS",
)


USERNAME: Final = "wachtmonitor"
PASSWORD: Final = "of the test broker alone"
"""Who may use the secure listener; also the password of the store with the broker's certificate."""


class KafkaMissingError(RuntimeError):
    """Apache Kafka cannot be had on this machine; the text says what is missing."""


class Node(NamedTuple):
    """One Kafka process of a cluster and its ports."""

    node_id: int
    port: int
    secure_port: int
    """Listens with TLS and asks for `USERNAME` and `PASSWORD` (SCRAM-SHA-512)."""
    controller_port: int


def new_node(node_id: int) -> Node:
    """A node on free ports."""
    return Node(node_id, free_port(), free_port(), free_port())


def kafka_jars() -> Path:
    """The directory with the jars of `pom.xml`, downloaded once; raise `KafkaMissingError` where that cannot be."""
    for program, package in {"java": "openjdk-17-jre-headless", "mvn": "maven"}.items():
        if shutil.which(program) is None:
            raise KafkaMissingError(f"the program {program} is missing (Debian package {package})")
    jars = CACHE / _jars_name()
    if not jars.is_dir():
        _download(jars)
    return jars


def _jars_name() -> str:
    """The version of Kafka and a digest of the whole pom.xml, so that no change of it meets old jars."""
    pom = POM.read_bytes()
    namespace = {"m": "http://maven.apache.org/POM/4.0.0"}
    version = ElementTree.fromstring(pom).findtext(
        ".//m:dependency[m:artifactId='kafka_2.13']/m:version", "", namespace
    )
    return f"{version}-{hashlib.sha256(pom).hexdigest()[:8]}"


def _download(jars: Path) -> None:
    """Let Maven copy the jars beside their place, then rename: an interrupted download leaves nothing half done."""
    partial = jars.with_name(f"{jars.name}.{os.getpid()}")
    command = ["mvn", "-B", "-q", "-f", str(POM), "dependency:copy-dependencies", "-DincludeScope=runtime"]
    try:
        subprocess.run(
            [*command, f"-DoutputDirectory={partial}"],
            check=True,
            capture_output=True,
            text=True,
            timeout=MAVEN_SECONDS,
        )
        partial.rename(jars)
    except subprocess.CalledProcessError as error:
        raise KafkaMissingError(
            f"Maven could not fetch Kafka's jars: {error.stdout[-500:]}{error.stderr[-500:]}"
        ) from None
    except subprocess.TimeoutExpired:
        raise KafkaMissingError(f"Maven did not fetch Kafka's jars within {MAVEN_SECONDS:.0f} s") from None
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def server_properties(node: Node, nodes: Sequence[Node], data: Path, keystore: Path) -> dict[str, str]:
    """The settings of one node of a cluster of `nodes`; internal topics are copied to at most three of them."""
    copies = str(min(3, len(nodes)))
    outside = f"PLAINTEXT://{HOST}:{node.port},SECURE://{HOST}:{node.secure_port}"
    return {
        "process.roles": "broker,controller",
        "node.id": str(node.node_id),
        "controller.quorum.voters": ",".join(f"{n.node_id}@{HOST}:{n.controller_port}" for n in nodes),
        "listeners": f"{outside},CONTROLLER://{HOST}:{node.controller_port}",
        "advertised.listeners": outside,
        "controller.listener.names": "CONTROLLER",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,SECURE:SASL_SSL,CONTROLLER:PLAINTEXT",
        "listener.name.secure.ssl.keystore.location": str(keystore),
        "listener.name.secure.ssl.keystore.password": PASSWORD,
        "listener.name.secure.sasl.enabled.mechanisms": "SCRAM-SHA-512",
        "listener.name.secure.scram-sha-512.sasl.jaas.config": (
            "org.apache.kafka.common.security.scram.ScramLoginModule required;"
        ),
        "log.dirs": str(data),
        "auto.create.topics.enable": "false",
        "offsets.topic.replication.factor": copies,
        "offsets.topic.num.partitions": "4",
        "transaction.state.log.replication.factor": copies,
        "transaction.state.log.min.isr": "1",
        "transaction.state.log.num.partitions": "4",
        "group.initial.rebalance.delay.ms": "0",
        "group.min.session.timeout.ms": "1000",  # takeovers of killed workers are tested; 6 s each would be slow
    }


class ApacheKafka(BrokerProcess):
    """A single Apache Kafka node (KRaft) that keeps its data in a directory."""

    def __init__(self, directory: Path, jars: Path) -> None:
        """`directory` takes settings, certificate, log and data; `jars` is what `kafka_jars` gave."""
        self.node = new_node(1)
        self.certificate = directory / "broker.pem"
        """The certificate that the secure listener shows, and the authority to trust it by."""
        self._keystore = directory / "broker.p12"
        self._properties = directory / "server.properties"
        self._data = directory / "data"
        self._java = [*JAVA, "-cp", f"{jars}/*"]
        super().__init__(
            "Apache Kafka",
            [*self._java, "kafka.Kafka", str(self._properties)],
            port=self.node.port,
            log=directory / "kafka.log",
        )

    @property
    def secure_bootstrap(self) -> str:
        """The address of the listener with TLS and a password."""
        return f"{HOST}:{self.node.secure_port}"

    async def start(self) -> None:
        """Format the storage, start, and return when it answers."""
        properties = server_properties(self.node, [self.node], self._data, self._keystore)
        self._properties.write_text(
            "".join(f"{name}={value}\n" for name, value in properties.items()), encoding="utf-8"
        )
        await asyncio.gather(asyncio.to_thread(self._format), asyncio.to_thread(self._make_certificate))
        await super().start()

    def _format(self) -> None:
        tool = [*self._java, "kafka.tools.StorageTool", "format", "--config", str(self._properties)]
        scram = f'SCRAM-SHA-512=[name="{USERNAME}",password="{PASSWORD}"]'
        _run([*tool, "--cluster-id", CLUSTER_ID, "--add-scram", scram])

    def _make_certificate(self) -> None:
        store = ["-alias", "broker", "-keystore", str(self._keystore), "-storepass", PASSWORD]
        extensions = [
            "-ext",
            f"san=ip:{HOST}",
            "-ext",
            "bc:critical=ca:true",
            "-ext",
            "ku=digitalSignature,keyCertSign",
        ]
        _run(["keytool", "-genkeypair", "-keyalg", "EC", "-dname", f"CN={HOST}", *extensions, *store])
        _run(["keytool", "-exportcert", "-rfc", "-file", str(self.certificate), *store])

    async def stop(self) -> None:
        """Stop and throw the data away; the log stays."""
        await super().stop()
        shutil.rmtree(self._data, ignore_errors=True)


def _run(command: Sequence[str]) -> None:
    """Run a tool to its end; its own words become the error when it fails."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise BrokerError(f"{command} failed: {done.stdout}{done.stderr}")
