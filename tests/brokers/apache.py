"""A real Apache Kafka on this machine, so that nothing the tests say is only true of the embedded broker.

Its jars are named in `pom.xml`; each process is broker and controller at once, alone or one of a cluster of three. It
must not know the tests that use it.
"""

import asyncio
import fcntl
import hashlib
import os
import shutil
import signal
import subprocess
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Final, NamedTuple, Self
from xml.etree import ElementTree

import trustme
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from streams.kafka.embedded import HOST, BrokerError, BrokerProcess
from tests.brokers.ports import next_port

POM: Final = Path(__file__).with_name("pom.xml")
CACHE: Final = Path(__file__).parents[2] / ".cache" / "kafka"
CLUSTER_ID: Final = "V2FjaHRtb25pdG9yVGVzdA"
"""Any UUID in base64 of 22 characters; storage must be formatted with one."""
MAVEN_SECONDS: Final = 180.0
"""Bound on the first download (43 MB), below the time limit of a test."""
START_SECONDS: Final = 240.0
"""Bound on a start, below that limit too."""
JAVA: Final = (
    "java",
    "-Xmx512m",
    "-XX:+UseSerialGC",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss.SSS",
)
SHORT_LIVED: Final = "-XX:TieredStopAtLevel=1"
"""Compile once, and not once more for speed: that takes 40 % off the processor time of a start."""


USERNAME: Final = "wachtmonitor"
PASSWORD: Final = "of the test broker alone"
"""Who may use the secure listener, and may do everything."""


class KafkaMissingError(RuntimeError):
    """Apache Kafka cannot be had on this machine; the text says what is missing."""


class Door(NamedTuple):
    """A listener of a node that tells clients to come by another port: whoever listens there stands between."""

    port: int
    advertised_port: int


class Node(NamedTuple):
    """One Kafka process of a cluster and its ports."""

    node_id: int
    port: int
    secure_port: int
    """Listens with TLS and asks for `USERNAME` and `PASSWORD` (SCRAM-SHA-512)."""
    mutual_port: int
    """Listens with TLS and asks for a certificate of the broker's authority: its common name is the user."""
    controller_port: int
    doors: tuple[Door, ...] = ()
    """A client that comes by the first door of one node is sent to the first door of every other, and so on."""


def new_node(node_id: int, doors: int = 0) -> Node:
    """A node on free ports."""
    ways_in = tuple(Door(next_port(), next_port()) for _ in range(doors))
    return Node(node_id, next_port(), next_port(), next_port(), next_port(), ways_in)


def kafka_jars() -> Path:
    """The directory with the jars of `pom.xml`, downloaded once; raise `KafkaMissingError` where that cannot be."""
    for program, package in {"java": "openjdk-17-jre-headless", "mvn": "maven"}.items():
        if shutil.which(program) is None:
            raise KafkaMissingError(f"the program {program} is missing (Debian package {package})")
    jars = CACHE / _jars_name()
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:  # of processes that run tests at the same time one fetches them
        fcntl.flock(lock, fcntl.LOCK_EX)
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


class Certificate(NamedTuple):
    """A certificate and its key, each in a PEM file."""

    certificate: Path
    key: Path


class Authority:
    """Who issues the certificates of a broker and of its clients, kept in a directory."""

    def __init__(self, directory: Path) -> None:
        """`certificate` and `keystore` are there once `establish` has run."""
        self.certificate = directory / "authority.pem"
        self.keystore = directory / "broker.pem"
        """Key and certificate of the broker, as Kafka reads them."""
        self._directory = directory
        self._authority = trustme.CA()

    def establish(self) -> None:
        """Write the authority's certificate and the broker's."""
        self._authority.cert_pem.write_to_path(self.certificate)
        issued = self._authority.issue_cert(HOST)
        # Kafka takes keys in PKCS 8 only
        key = load_pem_private_key(issued.private_key_pem.bytes(), None)
        self.keystore.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        for blob in issued.cert_chain_pems:
            blob.write_to_path(self.keystore, append=True)

    def issue(self, name: str) -> Certificate:
        """A certificate for the user of this name."""
        issued = self._authority.issue_cert(f"{name}.invalid", common_name=name)
        files = Certificate(self._directory / f"{name}.pem", self._directory / f"{name}-key.pem")
        issued.private_key_pem.write_to_path(files.key)
        issued.cert_chain_pems[0].write_to_path(files.certificate)
        return files


def server_properties(node: Node, nodes: Sequence[Node], data: Path, authority: Authority) -> dict[str, str]:
    """The settings of one node of a cluster of `nodes`; internal topics are copied to at most three of them.

    Who comes by the listener that asks for nothing, and `USERNAME`, may do everything; others what they are allowed.
    """
    copies = str(min(3, len(nodes)))
    outside = ",".join(
        f"{name}://{HOST}:{port}"
        for name, port in (("PLAINTEXT", node.port), ("SECURE", node.secure_port), ("MUTUAL", node.mutual_port))
    )
    inside = "".join(f",DOOR{number}://{HOST}:{door.port}" for number, door in enumerate(node.doors))
    advertised = "".join(f",DOOR{number}://{HOST}:{door.advertised_port}" for number, door in enumerate(node.doors))
    protocols = {"PLAINTEXT": "PLAINTEXT", "SECURE": "SASL_SSL", "MUTUAL": "SSL", "CONTROLLER": "PLAINTEXT"}
    protocols |= {f"DOOR{number}": "PLAINTEXT" for number in range(len(node.doors))}
    return {
        "process.roles": "broker,controller",
        "node.id": str(node.node_id),
        "controller.quorum.voters": ",".join(f"{n.node_id}@{HOST}:{n.controller_port}" for n in nodes),
        "listeners": f"{outside}{inside},CONTROLLER://{HOST}:{node.controller_port}",
        "advertised.listeners": f"{outside}{advertised}",
        "controller.listener.names": "CONTROLLER",
        "listener.security.protocol.map": ",".join(map(":".join, protocols.items())),
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(authority.keystore),
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": str(authority.certificate),
        "listener.name.mutual.ssl.client.auth": "required",
        "listener.name.mutual.ssl.principal.mapping.rules": "RULE:^CN=([^,]*),.*$/$1/",
        "listener.name.secure.sasl.enabled.mechanisms": "SCRAM-SHA-512",
        "listener.name.secure.scram-sha-512.sasl.jaas.config": (
            "org.apache.kafka.common.security.scram.ScramLoginModule required;"
        ),
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": f"User:ANONYMOUS;User:{USERNAME}",
        "log.dirs": str(data),
        "auto.create.topics.enable": "false",
        "default.replication.factor": copies,
        "offsets.topic.replication.factor": copies,
        "offsets.topic.num.partitions": "4",
        "transaction.state.log.replication.factor": copies,
        "transaction.state.log.min.isr": "1" if len(nodes) == 1 else "2",
        "min.insync.replicas": "1" if len(nodes) == 1 else "2",
        "transaction.state.log.num.partitions": "4",
        "group.initial.rebalance.delay.ms": "0",
        "group.min.session.timeout.ms": "1000",  # takeovers of killed workers are tested; 6 s each would be slow
        # a broker that dies is taken for dead after 5 s, not 9: the tests kill many
        "broker.session.timeout.ms": "5000",
        "broker.heartbeat.interval.ms": "500",
    }


class ApacheKafka(BrokerProcess):
    """An Apache Kafka node (KRaft) that keeps its data in a directory."""

    def __init__(
        self,
        directory: Path,
        jars: Path,
        nodes: Sequence[Node] | None = None,
        index: int = 0,
        *,
        is_measured: bool = False,
    ) -> None:
        """`directory` takes settings, certificates, log and data; `jars` is what `kafka_jars` gave.

        This is the node with the given index of a cluster of `nodes`, by default one that is alone. One that takes
        part in what `is_measured` is as quick as it can be, and starts more slowly.
        """
        self.nodes = nodes or [new_node(1)]
        self.node = self.nodes[index]
        self.authority = Authority(directory)
        self._directory = directory
        self._properties = directory / "server.properties"
        self._data = directory / "data"
        self._java = [*JAVA, *([] if is_measured else [SHORT_LIVED]), "-cp", f"{jars}/*"]
        self._starts = 0
        super().__init__(
            f"Apache Kafka node {self.node.node_id}",
            [*self._java, "kafka.Kafka", str(self._properties)],
            port=self.node.port,
            log=directory / "kafka.log",
        )

    @property
    def start_seconds(self) -> float:
        """Three nodes at once may take a minute on a machine with much else to do."""
        return START_SECONDS

    @property
    def secure_bootstrap(self) -> str:
        """The address of the listener with TLS and a password."""
        return f"{HOST}:{self.node.secure_port}"

    @property
    def mutual_bootstrap(self) -> str:
        """The address of the listener with TLS that asks for a certificate."""
        return f"{HOST}:{self.node.mutual_port}"

    async def start(self) -> None:
        """Format the storage, start, and return when it answers."""
        self._directory.mkdir(parents=True, exist_ok=True)
        properties = server_properties(self.node, self.nodes, self._data, self.authority)
        self._properties.write_text(
            "".join(f"{name}={value}\n" for name, value in properties.items()), encoding="utf-8"
        )
        self.authority.establish()
        await asyncio.to_thread(self._format)
        await super().start()

    def _format(self) -> None:
        tool = [*self._java, "kafka.tools.StorageTool", "format", "--config", str(self._properties)]
        scram = f'SCRAM-SHA-512=[name="{USERNAME}",password="{PASSWORD}"]'
        _run([*tool, "--cluster-id", CLUSTER_ID, "--add-scram", scram])

    async def stop(self) -> None:
        """Stop and throw the data away; the log stays."""
        if self._process is not None:
            self.resume()
        await super().stop()
        shutil.rmtree(self._data, ignore_errors=True)

    def kill(self) -> None:
        """SIGKILL: what it wrote stays, what it held in memory is gone."""
        assert self._process is not None, f"{self.name} is not running"
        self._process.kill()
        self._process.wait()
        self._process = None

    async def halt(self) -> None:
        """Stop as an operator would; the data stays."""
        await super().stop()

    async def restart(self) -> None:
        """Start again on the data there is; return when it answers."""
        self._starts += 1
        self.log = self._directory / f"kafka-{self._starts}.log"
        await super().start()

    async def heal(self) -> None:
        """Make sure that it runs: it goes on when it was paused, and starts again when it is gone."""
        if self._process is None:
            await self.restart()
        else:
            self.resume()

    def pause(self) -> None:
        """SIGSTOP: it keeps its connections and answers nothing, like one with a disk that hangs."""
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """SIGCONT."""
        os.kill(self.pid, signal.SIGCONT)


class ApacheCluster:
    """Apache Kafka nodes that are one cluster: topics have a copy on each, and two must confirm every record."""

    def __init__(self, directory: Path, jars: Path, *, size: int = 3, doors: int = 0) -> None:
        """`directory` takes one directory for each node."""
        nodes = [new_node(number, doors) for number in range(1, size + 1)]
        self.brokers = [
            ApacheKafka(directory / f"node-{node.node_id}", jars, nodes, index) for index, node in enumerate(nodes)
        ]

    @property
    def bootstrap_servers(self) -> tuple[str, ...]:
        """The addresses of all nodes."""
        return tuple(broker.bootstrap for broker in self.brokers)

    def broker(self, node_id: int) -> ApacheKafka:
        """The node with an id."""
        return self.brokers[node_id - 1]

    async def heal(self) -> None:
        """Make sure that all nodes run, whatever was done to them."""
        await asyncio.gather(*(broker.heal() for broker in self.brokers))

    async def __aenter__(self) -> Self:
        """Start all nodes; on return all of them answer."""
        async with AsyncExitStack() as started:
            for broker in self.brokers:
                started.push_async_callback(broker.stop)
            await asyncio.gather(*(broker.start() for broker in self.brokers))
            started.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop all nodes."""
        await asyncio.gather(*(broker.stop() for broker in self.brokers))


def _run(command: Sequence[str]) -> None:
    """Run a tool to its end; its own words become the error when it fails."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise BrokerError(f"{command} failed: {done.stdout}{done.stderr}")
