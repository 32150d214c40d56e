"""The parent of a local run: keeps its children alive and leaves none behind.

Belongs here: starting programs, writing their output down, starting them again when they end,
stopping them within a time. Does not belong here: which programs there are (see `portal.up`).

Everything happens in one thread, because on Linux the wish to die with the parent is tied to the
thread that forks.
"""

import contextlib
import json
import os
import secrets
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import IO, Protocol

from portal.core.processes import die_with_parent
from portal.core.servers import ServerProblem

GRACE_SECONDS = 5.0
FAST_DEATH_SECONDS = 20.0
FAST_DEATHS_ALLOWED = 5
LONGEST_PAUSE = 8.0
LOG_LIMIT = 20_000_000
MARK = "FIRSTCOME_RUN"
"""Environment variable that all descendants of one run inherit, so that the last can be found."""

TERMINAL_LEVELS = {"warning", "error", "critical"}


class Service(Protocol):
    """A server that outlives the programs: started before them, stopped after them."""

    def start(self) -> None: ...
    def stop(self) -> None: ...
    def alive(self) -> bool: ...


@dataclass(frozen=True)
class Program:
    """One child: how to start it and what to pass on."""

    name: str
    argv: Sequence[str]
    env: Mapping[str, str]
    pass_fds: Sequence[int] = ()


@dataclass
class _Child:
    program: Program
    sink: IO[bytes]
    process: subprocess.Popen[bytes] | None = None
    born: float = 0.0
    due: float = 0.0
    fast_deaths: int = 0
    rest: bytes = b""
    last_line: str = ""


class Interrupted(BaseException):
    """A signal asked for the end while the run was still being set up."""


@dataclass
class Supervisor:
    """Programs and the services they need; use it from the main thread only.

    `var` takes marks and logs, `folder` is where the programs are started.
    """

    var: Path
    folder: Path
    say: Callable[[str], None]
    services: dict[str, Service] = field(default_factory=dict)
    grace_seconds: float = GRACE_SECONDS

    def __post_init__(self) -> None:
        self._children: list[_Child] = []
        self._selector = selectors.DefaultSelector()
        self._asked_to_stop = False
        self._running = False
        self._spawning = False
        self._mark = self.var / "run" / "mark"
        self._run = f"{MARK}={secrets.token_hex(8)}"

    def listen_for_signals(self) -> None:
        """Take Ctrl-C, SIGTERM and the loss of the terminal as the wish to end."""
        for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if signum == signal.SIGHUP and signal.getsignal(signum) == signal.SIG_IGN:
                continue  # nohup
            signal.signal(signum, self._on_signal)

    def sweep(self) -> None:
        """End what a killed predecessor in this folder left behind, then note our own mark."""
        self._mark.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self._mark.exists():
            _kill_marked(self._mark.read_text().strip())
        self._mark.write_text(self._run)

    def start_service(self, name: str, service: Service) -> None:
        """Start a service and watch it from now on; raises ServerProblem."""
        self.services[name] = service
        service.start()

    def start(self, program: Program) -> None:
        """Start a program and watch it from now on."""
        child = _Child(program, self._open_log(program))
        self._children.append(child)
        self._spawn(child)

    def call(self, program: Program, show: bool = False) -> int:
        """Run a program to its end, like a step of the set-up, and return its exit code.

        Its output goes to its log; `show` says each line on the terminal too. The last line it
        wrote is kept as `last_words`.
        """
        self.last_words = ""
        with self._open_log(program) as sink:
            process = self._popen(program)
            assert process.stdout is not None
            try:
                for line in process.stdout:
                    _write(sink, line)
                    text = line.decode(errors="replace").rstrip()
                    self.last_words = text or self.last_words
                    if show and text:
                        self.say(text)
                return process.wait()
            except BaseException:
                _kill_group(process.pid)
                process.wait()
                raise
            finally:
                process.stdout.close()

    def run(self) -> int:
        """Watch until a signal asks for the end (0), or until a program can't be kept alive (1)."""
        self._running = True
        while not self._asked_to_stop:
            if not self.tick(0.2):
                return 1
        return 0

    def tick(self, seconds: float) -> bool:
        """Read output for up to `seconds`, start again what ended; False when that is no use."""
        for key, _ in self._selector.select(seconds):
            self._read(key.data)
        for name, service in self.services.items():
            if not service.alive() and not self._asked_to_stop:
                self.say(f"{name} ended and is started again.")
                try:
                    service.start()
                except ServerProblem as problem:
                    self.say(str(problem))
                    return False
        return all(self._mind(child) for child in self._children)

    def stop(self) -> None:
        """Stop all programs at once, kill what is still there after the grace time, then services.

        Takes less than ten seconds, whatever hangs.
        """
        self._asked_to_stop = True
        self._running = True
        living = [child for child in self._children if _runs(child)]
        for child in living:
            assert child.process is not None
            child.process.terminate()
        deadline = time.monotonic() + self.grace_seconds
        while any(_runs(child) for child in living) and time.monotonic() < deadline:
            for key, _ in self._selector.select(0.05):
                self._read(key.data)
        for child in living:
            assert child.process is not None
            if _runs(child):
                self.say(f"{child.program.name} did not stop in time and was killed.")
            _kill_group(child.process.pid)
            child.process.wait()
        _kill_marked(self._run)
        for child in self._children:
            self._read_rest(child)
            child.sink.close()
        self._selector.close()
        for service in reversed(list(self.services.values())):
            service.stop()
        self._mark.unlink(missing_ok=True)

    def _on_signal(self, _signum: int, _frame: FrameType | None) -> None:
        first, self._asked_to_stop = not self._asked_to_stop, True
        if first and not self._running and not self._spawning:
            raise Interrupted

    def _open_log(self, program: Program) -> IO[bytes]:
        log = self.var / "log" / f"{program.name}.log"
        log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if log.exists() and log.stat().st_size > LOG_LIMIT:
            log.rename(log.with_suffix(".log.old"))
        return log.open("ab", buffering=0)

    def _spawn(self, child: _Child) -> None:
        child.process = self._popen(child.program)
        child.born = time.monotonic()
        assert child.process.stdout is not None
        os.set_blocking(child.process.stdout.fileno(), False)
        self._selector.register(child.process.stdout, selectors.EVENT_READ, child)

    def _popen(self, program: Program) -> subprocess.Popen[bytes]:
        """Start a process; a signal that comes meanwhile waits, else the child would be unknown."""
        name, _, value = self._run.partition("=")
        self._spawning = True
        try:
            process = subprocess.Popen(
                list(program.argv),
                env={**program.env, name: value},
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                pass_fds=tuple(program.pass_fds),
                preexec_fn=die_with_parent(signal.SIGTERM),  # noqa: PLW1509 (one prctl, no locks)
            )
        finally:
            self._spawning = False
        if self._asked_to_stop and not self._running:
            _kill_group(process.pid)
            process.wait()
            raise Interrupted
        return process

    def _mind(self, child: _Child) -> bool:
        """Start a child again whose time has come; False when it keeps dying."""
        now = time.monotonic()
        if child.process is None:
            if now >= child.due:
                self._spawn(child)
            return True
        code = child.process.poll()
        if code is None or self._asked_to_stop:
            return True
        self._read_rest(child)
        child.process = None
        fast = now - child.born < FAST_DEATH_SECONDS
        child.fast_deaths = child.fast_deaths + 1 if fast else 1
        said = f" ({child.last_line})" if child.last_line else ""
        if child.fast_deaths >= FAST_DEATHS_ALLOWED:
            self.say(
                f"{child.program.name} ended {child.fast_deaths} times in a row{said}; "
                f"see {child.sink.name}."
            )
            return False
        pause = min(LONGEST_PAUSE, 0.5 * 2 ** (child.fast_deaths - 1))
        child.due = now + pause
        how = f"signal {-code}" if code < 0 else f"code {code}"
        self.say(f"{child.program.name} ended with {how}{said}; again in {pause:g} s.")
        return True

    def _read(self, child: _Child) -> None:
        assert child.process is not None
        assert child.process.stdout is not None
        try:
            chunk = os.read(child.process.stdout.fileno(), 65536)
        except BlockingIOError:
            return
        if not chunk:
            self._selector.unregister(child.process.stdout)
            child.process.stdout.close()
            return
        _write(child.sink, chunk)
        *lines, child.rest = (child.rest + chunk).split(b"\n")
        child.rest = child.rest[-65536:]
        for line in lines:
            text = line.decode(errors="replace").strip()
            child.last_line = _telling(text) or child.last_line
            if _worth_saying(text):
                self.say(f"{child.program.name}: {_telling(text)}")

    def _read_rest(self, child: _Child) -> None:
        """Take what a dead child still said; a grandchild may hold the pipe open, so don't wait."""
        pipe = child.process.stdout if child.process is not None else None
        while pipe is not None and not pipe.closed:
            before = child.sink.tell()
            self._read(child)
            if not pipe.closed and child.sink.tell() == before:
                self._selector.unregister(pipe)
                pipe.close()


def _runs(child: _Child) -> bool:
    return child.process is not None and child.process.poll() is None


def _write(sink: IO[bytes], chunk: bytes) -> None:
    """Write to a log; a full disk must not end the run."""
    try:
        sink.write(chunk)
    except OSError:
        return


def _worth_saying(text: str) -> bool:
    if text.startswith("{"):
        try:
            return json.loads(text).get("level") in TERMINAL_LEVELS
        except ValueError:
            return False
    return any(word in text for word in ("[ERROR]", "[CRITICAL]", "[WARNING]"))


def _telling(text: str) -> str:
    """The part of a log line that a person at a terminal wants, on one line of at most 200."""
    if text.startswith("{"):
        try:
            entry = json.loads(text)
        except ValueError:
            return text[:200]
        text = f"{entry.get('event', '')} {entry.get('error', '')}".strip()
    return text[:200]


def _kill_group(leader: int) -> None:
    try:
        os.killpg(leader, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return


def _kill_marked(mark: str) -> None:
    """Kill every process that inherited the mark; an RQ job, for one, leaves its worker's group.

    Looks again until none is left, because who is about to die may still have started another.
    """
    if not mark or not sys.platform.startswith("linux"):
        return
    for _ in range(50):
        pids = list(_marked(mark.encode()))
        if not pids:
            return
        for pid in pids:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.02)


def _marked(mark: bytes) -> Iterator[int]:
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            if mark in (entry / "environ").read_bytes().split(b"\0"):
                yield int(entry.name)
        except OSError:
            continue
