"""A real exchange, and an outside that dials in: two Asterisks on loopback, for tests where one is installed.

`exchange` is the contact centre: numbers, a menu, queues, queue_log, AMI with the user of the guide. `outside` is the
rest of the world: citizens, and the employees' telephones. They talk IAX2, so the exchange sees each citizen as a
call on its trunk. What is told of a call is what the outside saw: neither product nor exchange has a say in it.

How long a telephone rings and how long one talks stands in the citizen's number, so that calls need no other control.
Must not know the program that is tested.
"""

import asyncio
import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from streams.kafka.embedded import leashed

TREE: Final = "ASTERISK_TREE"
"""A variable that names a folder with a Debian tree in which Asterisk is installed, as debootstrap makes it."""

HOST: Final = "127.0.0.1"
PHONES: Final = "127.0.0.2"
"""The telephones have an address of their own: by it the exchange tells them from citizens."""

DIRECTOR, FOLLOWER, SECRET = "director", "wachtmonitor", "proef"
NEVER: Final = 99
START_SECONDS: Final = 60.0
LOOK_SECONDS: Final = 0.02

MODULES: Final = (
    "bridge_builtin_features",
    "bridge_simple",
    "bridge_softmix",
    "chan_iax2",
    "codec_ulaw",
    "format_pcm",
    "func_callerid",
    "pbx_config",
    "res_timing_timerfd",
)

ASTERISK: Final = """
[directories]
astetcdir => {home}/etc
astmoddir => {modules}
astvarlibdir => {home}/lib
astdbdir => {home}/lib
astkeydir => {home}/lib
astdatadir => {data}
astagidir => {home}/lib
astspooldir => {home}/spool
astrundir => {home}/run
astlogdir => {home}/log
astsbindir => {home}/run
"""
MANAGER: Final = """
[general]
enabled = yes
bindaddr = 127.0.0.1
port = {port}
timestampevents = yes

[director]
secret = proef
read = all
write = all

[wachtmonitor]
secret = proef
deny = 0.0.0.0/0.0.0.0
permit = 127.0.0.0/255.0.0.0
read = system,call,agent
write = reporting
"""
TRUNK: Final = """
[general]
bindaddr = 127.0.0.1:{port}
requirecalltoken = no
calltokenoptional = 127.0.0.0/255.0.0.0
disallow = all
allow = ulaw
"""
QUEUES: Final = """
[general]
persistentmembers = no
autofill = yes

[basis](!)
strategy = linear
timeout = 60
retry = 1
joinempty = yes
leavewhenempty = no

[kcc](basis)
member => IAX2/sanne,0,Sanne
member => IAX2/bram,0,Bram

[snelbalie](basis)
member => IAX2/lotte,0,Lotte

[leeg](basis)
"""
NUMBERS: Final = """
[vanbuiten]
; 1..: at once into the queue; 2..: a menu of three seconds first; 3..: another queue when the first takes too long;
; 4..: a queue that lets go, and then nothing
exten => _1XX,1,Answer()
 same => n,Queue(kcc,tr)
 same => n,Hangup()
exten => _2XX,1,Answer()
 same => n,Wait(3)
 same => n,Queue(kcc,tr)
 same => n,Hangup()
exten => _3XX,1,Answer()
 same => n,Queue(leeg,tr,,,2)
 same => n,Queue(snelbalie,tr)
 same => n,Hangup()
exten => _4XX,1,Answer()
 same => n,Queue(leeg,tr,,,2)
 same => n,Wait(1)
 same => n,Hangup()

[intern]
exten => snelbalie,1,Queue(snelbalie,tr)
 same => n,Hangup()
"""
WORLD: Final = """
[phones]
exten => s,1,Ringing()
 same => n,Wait(${CALLERID(num):4:2})
 same => n,Answer()
 same => n,Wait(${CALLERID(num):6:2})
 same => n,Hangup()

[citizens]
exten => s,1,Wait(3600)
 same => n,Hangup()
"""
EMPLOYEES: Final = ("sanne", "bram", "lotte")


class Installed(NamedTuple):
    """Where the programs of Asterisk are."""

    command: Sequence[str]
    modules: Path
    data: Path


def installed() -> Installed | None:
    """The one that the variable names, or that is on the PATH; None without."""
    if named := os.environ.get(TREE):
        root = Path(named).resolve()
        libraries = sorted((root / "usr/lib").glob("*-linux-gnu*"))
        loader = next(path for place in ("lib64", "lib") for path in sorted((root / place).glob("ld-linux*")))
        paths = ":".join(map(str, [*libraries, root / "usr/lib"]))
        command = [str(loader), "--library-path", paths, str(root / "usr/sbin/asterisk")]
    elif found := shutil.which("asterisk"):
        root, command = Path("/"), [found]
    else:
        return None
    modules = next(path for path in root.glob("usr/lib*/**/asterisk/modules"))
    return Installed(command, modules, root / "usr/share/asterisk")


class Director:
    """A connection to the manager interface of an Asterisk: asks it to do things, and keeps every event."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.events: list[Mapping[str, str]] = []
        self._writer = writer
        self._reading = asyncio.create_task(self._read(reader))

    @classmethod
    async def connect(cls, port: int) -> "Director":
        """Return when the Asterisk that listens there is ready for calls."""
        async with asyncio.timeout(START_SECONDS):
            while True:
                try:
                    found = cls(*await asyncio.open_connection(HOST, port))
                    break
                except OSError:
                    await asyncio.sleep(LOOK_SECONDS)
            found.act("Login", Username=DIRECTOR, Secret=SECRET)
            await found.event(lambda event: event["Event"] == "FullyBooted")
        return found

    async def _read(self, reader: asyncio.StreamReader) -> None:
        while block := await reader.readuntil(b"\r\n\r\n"):
            pairs = (line.partition(": ") for line in block.decode("utf-8", "replace").split("\r\n"))
            fields = {key: value for key, _, value in pairs if key}
            if "Event" in fields:
                self.events.append(fields)

    def act(self, action: str, **fields: str) -> None:
        """Ask for something; what comes of it is to be seen in events."""
        lines = [f"Action: {action}", *(f"{key}: {value}" for key, value in fields.items())]
        self._writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())

    def find(self, wanted: Callable[[Mapping[str, str]], bool]) -> Mapping[str, str] | None:
        """The first event of this kind, if it has come."""
        return next(filter(wanted, self.events), None)

    async def event(self, wanted: Callable[[Mapping[str, str]], bool]) -> Mapping[str, str]:
        """The first event of this kind, when it has come."""
        async with asyncio.timeout(START_SECONDS):
            while (found := self.find(wanted)) is None:
                assert not self._reading.done(), "the connection ended"
                await asyncio.sleep(LOOK_SECONDS)
        return found

    def close(self) -> None:
        """Listen no more."""
        self._reading.cancel()
        self._writer.close()


class Asterisk:
    """One Asterisk, in a folder with its configuration and all that it writes."""

    def __init__(self, programs: Installed, home: Path, port: int, files: Mapping[str, str]) -> None:
        """`files` is its configuration, `port` that of its manager interface."""
        modules = [*MODULES, *(["app_queue"] if "queues.conf" in files else [])]
        for name in ("etc", "lib", "spool", "run", "log"):
            (home / name).mkdir(parents=True)
        general = {
            "asterisk.conf": ASTERISK.format(home=home, modules=programs.modules, data=programs.data),
            "modules.conf": "[modules]\nautoload = no\n" + "".join(f"load = {name}.so\n" for name in modules),
            "logger.conf": "[general]\nqueue_log = yes\n[logfiles]\nmessages.log => notice,warning,error,verbose\n",
            "manager.conf": MANAGER.format(port=port),
        }
        for name, text in {**general, **files}.items():
            (home / "etc" / name).write_text(text, encoding="utf-8")
        self.home, self.port = home, port
        self.queue_log = home / "log" / "queue_log"
        self._command = [*programs.command, "-f", "-n", "-C", str(home / "etc" / "asterisk.conf")]
        self._process: subprocess.Popen[bytes] | None = None
        self.director: Director

    async def start(self) -> None:
        """Return when it is ready for calls."""
        self._begin()
        self.director = await Director.connect(self.port)

    def _begin(self) -> None:
        with (self.home / "console.log").open("ab") as out:
            self._process = subprocess.Popen(leashed(self._command), stdin=subprocess.DEVNULL, stdout=out, stderr=out)

    async def end(self, number: signal.Signals) -> None:
        """Send it a signal that ends it, and see that it has."""
        assert self._process is not None
        self.director.close()
        self._process.send_signal(number)
        await asyncio.to_thread(self._process.wait, START_SECONDS)
        self._process = None

    async def stop(self) -> None:
        """Make sure that it is gone."""
        if self._process is not None:
            await self.end(signal.SIGKILL)


def _exchange(ports: Sequence[int]) -> Mapping[str, str]:
    _, own, _, other = ports
    citizens = f"\n[trunk]\ntype = friend\ncontext = vanbuiten\nhost = {HOST}\nport = {other}\n"
    phones = "".join(
        f"\n[{name}]\ntype = peer\nhost = {PHONES}\nport = {other}\nusername = {name}\n" for name in EMPLOYEES
    )
    trunk = TRUNK.format(port=own) + citizens + phones
    return {"iax.conf": trunk, "queues.conf": QUEUES, "extensions.conf": NUMBERS}


def _outside(ports: Sequence[int]) -> Mapping[str, str]:
    _, other, _, own = ports
    trunk = TRUNK.format(port=own).replace("requirecalltoken", f"bindaddr = {PHONES}:{own}\nrequirecalltoken")
    trunk += f"\n[exchange]\ntype = peer\nhost = {HOST}\nport = {other}\nusername = trunk\n"
    trunk += "".join(f"\n[{name}]\ntype = user\ncontext = phones\n" for name in EMPLOYEES)
    return {"iax.conf": trunk, "extensions.conf": WORLD}


class Truth(NamedTuple):
    """What the outside saw of a call, in seconds since 1970."""

    dialled_in: float
    picked_up: float | None
    """When the first telephone was picked up."""
    ended: float

    @property
    def wait_seconds(self) -> float:
        """Until somebody answered, or the call was over."""
        return (self.ended if self.picked_up is None else self.picked_up) - self.dialled_in


class Town:
    """The exchange, the outside and the calls of a test."""

    def __init__(self, programs: Installed, home: Path, ports: Sequence[int]) -> None:
        """In `home`, on four ports: manager interface and IAX2 of the exchange, then those of the outside."""
        self.exchange = Asterisk(programs, home / "exchange", ports[0], _exchange(ports))
        self.outside = Asterisk(programs, home / "outside", ports[2], _outside(ports))
        self.calls: dict[str, str] = {}
        """The citizen's number of each call, by the number that was dialled: each is dialled once."""
        self.died: float | None = None
        """When the exchange was killed: whatever went on then was over."""

    async def __aenter__(self) -> "Town":
        """Both are ready for calls."""
        await asyncio.gather(self.exchange.start(), self.outside.start())
        return self

    async def __aexit__(self, *_: object) -> None:
        """Both are gone."""
        await asyncio.gather(self.exchange.stop(), self.outside.stop())

    def dial(self, number: str, *, rings: int = 1, talks: int = 2) -> None:
        """A citizen dials a number: an employee picks up after so many seconds, and hangs up after as many more."""
        citizen = f"0612{rings:02}{talks:02}{len(self.calls):02}"
        self.calls[number] = citizen
        self.outside.director.act(
            "Originate",
            Channel=f"IAX2/exchange/{number}",
            ChannelId=number,
            Context="citizens",
            Exten="s",
            Priority="1",
            CallerID=citizen,
            Async="true",
            Timeout="600000",
        )

    def hang_up(self, number: str) -> None:
        """The citizen who dialled this has had enough."""
        begun = self._seen(number, "Newchannel")
        assert begun is not None
        self.outside.director.act("Hangup", Channel=begun["Channel"])

    async def pass_on(self, number: str) -> None:
        """The employee who talks with this citizen passes the call on to another queue."""
        citizen = self.calls[number]
        told = await self.exchange.director.event(
            lambda event: event["Event"] == "AgentConnect" and event.get("CallerIDNum") == citizen
        )
        self.exchange.director.act("BlindTransfer", Channel=told["DestChannel"], Context="intern", Exten="snelbalie")

    def _seen(self, number: str, name: str) -> Mapping[str, str] | None:
        return self.outside.director.find(lambda e: e["Event"] == name and e.get("Uniqueid") == number)

    def is_up(self, number: str) -> bool:
        """Whether the exchange has taken this call."""
        return (
            self.outside.director.find(
                lambda e: e["Event"] == "Newstate" and e.get("Uniqueid") == number and e["ChannelStateDesc"] == "Up"
            )
            is not None
        )

    def _picked_up(self, number: str) -> float | None:
        citizen = self.calls[number]
        up = self.outside.director.find(
            lambda e: (
                e["Event"] == "Newstate"
                and e["Context"] == "phones"
                and e["ChannelStateDesc"] == "Up"
                and e["CallerIDNum"] == citizen
            )
        )
        return None if up is None else float(up["Timestamp"])

    def is_answered(self, number: str) -> bool:
        """Whether an employee has picked up."""
        return self._picked_up(number) is not None

    def is_over(self, number: str) -> bool:
        """Whether the citizen's line is no more."""
        return self._seen(number, "Hangup") is not None

    def truth(self, number: str) -> Truth:
        """What was seen of a call that is over."""
        begun, ended = self._seen(number, "Newchannel"), self._seen(number, "Hangup")
        assert begun is not None
        assert ended is not None
        over = float(ended["Timestamp"])
        if self.died is not None and float(begun["Timestamp"]) < self.died:
            over = min(over, self.died)
        return Truth(float(begun["Timestamp"]), self._picked_up(number), over)
