"""The parent of a local run, with small programs as children."""

import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from portal.core import supervisor as subject
from portal.core.supervisor import Interrupted, Program, Supervisor

TOUCH = "import pathlib, sys; open(sys.argv[1], 'a').write('x')"
STUBBORN = """
    import signal, sys, time
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    print('stubborn', flush=True)
    time.sleep(60)
"""
RUNAWAY = """
    import subprocess, sys, time
    child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'],
                             start_new_session=True, stdout=subprocess.DEVNULL)
    print(child.pid, flush=True)
    time.sleep(60)
"""


class Server:
    """A service that writes down what happens to it."""

    def __init__(self) -> None:
        self.story: list[str] = []
        self.lives = False

    def start(self) -> None:
        self.story.append("start")
        self.lives = True

    def stop(self) -> None:
        self.story.append("stop")
        self.lives = False

    def alive(self) -> bool:
        return self.lives


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def parent(tmp_path: Path, said: list[str]) -> Iterator[Supervisor]:
    parent = Supervisor(tmp_path / "var", tmp_path, said.append, grace_seconds=0.5)
    parent.sweep()
    yield parent
    parent.stop()


def program(name: str, code: str, *words: str, env: dict[str, str] | None = None) -> Program:
    return Program(name, [sys.executable, "-c", textwrap.dedent(code), *words], env or {})


def watch(parent: Supervisor, until: Callable[[], bool], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < deadline, "it took too long"
        parent.tick(0.05)


def log_of(parent: Supervisor, name: str) -> str:
    path = parent.var / "log" / f"{name}.log"
    return path.read_text() if path.exists() else ""


def is_gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] in "ZX"
    except OSError:
        return True


def test_a_program_that_ends_is_started_again(parent: Supervisor, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    parent.start(program("brief", TOUCH, str(mark)))

    watch(parent, lambda: mark.exists() and len(mark.read_text()) >= 2)


def test_a_program_that_can_not_live_ends_the_run(
    parent: Supervisor, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subject, "LONGEST_PAUSE", 0.01)
    parent.start(program("broken", "raise SystemExit('no such thing')"))

    assert parent.run() == 1
    assert "broken ended 5 times in a row (no such thing)" in said[-1]


def test_output_is_written_down_and_only_warnings_are_said(
    parent: Supervisor, said: list[str]
) -> None:
    code = """
        import time
        print('{"level": "info", "event": "job done"}')
        print('{"level": "warning", "event": "queue unreachable"}', flush=True)
        time.sleep(60)
    """
    parent.start(program("talker", code))

    watch(parent, lambda: bool(said))
    assert said == ["talker: queue unreachable"]
    assert "job done" in log_of(parent, "talker")


def test_a_service_that_ends_is_started_again_and_stops_last(
    parent: Supervisor, tmp_path: Path
) -> None:
    server = Server()
    parent.start_service("database", server)
    parent.start(program("sleeper", "import time; time.sleep(60)"))
    server.lives = False

    parent.tick(0)
    assert server.story == ["start", "start"]
    parent.stop()
    assert server.story == ["start", "start", "stop"]


def test_a_stubborn_program_is_killed_after_the_grace_time(
    parent: Supervisor, said: list[str]
) -> None:
    parent.start(program("mule", STUBBORN))
    watch(parent, lambda: "stubborn" in log_of(parent, "mule"))
    began = time.monotonic()

    parent.stop()
    assert time.monotonic() - began < 5
    assert said == ["mule did not stop in time and was killed."]


def test_a_stopped_program_that_hears_nothing_is_killed_too(parent: Supervisor) -> None:
    code = "import os, time; print(os.getpid(), flush=True); time.sleep(60)"
    parent.start(program("frozen", code))
    watch(parent, lambda: bool(log_of(parent, "frozen")))
    pid = int(log_of(parent, "frozen"))
    os.kill(pid, signal.SIGSTOP)

    parent.stop()
    assert is_gone(pid)


def test_a_grandchild_that_left_its_group_does_not_stay_behind(parent: Supervisor) -> None:
    parent.start(program("runaway", RUNAWAY))
    watch(parent, lambda: log_of(parent, "runaway").endswith("\n"))
    pid = int(log_of(parent, "runaway"))
    assert not is_gone(pid)

    parent.stop()
    assert is_gone(pid)


def test_the_next_run_ends_what_a_killed_one_left(parent: Supervisor, tmp_path: Path) -> None:
    parent.start(program("runaway", RUNAWAY))
    watch(parent, lambda: log_of(parent, "runaway").endswith("\n"))
    pid = int(log_of(parent, "runaway"))

    Supervisor(tmp_path / "var", tmp_path, print).sweep()
    deadline = time.monotonic() + 5
    while not is_gone(pid):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_children_go_when_the_parent_is_killed(tmp_path: Path) -> None:
    code = f"""
        import os, sys
        from pathlib import Path
        from portal.core.supervisor import Program, Supervisor

        here = Path({str(tmp_path)!r})
        parent = Supervisor(here / "var", here, print)
        parent.sweep()
        parent.start(Program("child", [sys.executable, "-c", "import time; time.sleep(60)"], {{}}))
        print(parent._children[0].process.pid, flush=True)
        parent.run()
    """
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)], stdout=subprocess.PIPE
    ) as killed:
        assert killed.stdout is not None
        pid = int(killed.stdout.readline())
        assert not is_gone(pid)
        killed.kill()
    deadline = time.monotonic() + 5
    while not is_gone(pid):
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_during_the_set_up_interrupts_it(
    parent: Supervisor, signum: signal.Signals
) -> None:
    before = {
        each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    }
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    parent.listen_for_signals()
    try:
        with pytest.raises(Interrupted):
            parent.call(
                program(
                    "step", f"import os, time; os.kill(os.getppid(), {signum:d}); time.sleep(60)"
                )
            )
        os.kill(os.getpid(), signum)  # impatience while it stops changes nothing
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def test_a_step_of_the_set_up_gives_its_code_and_last_words(
    parent: Supervisor, said: list[str]
) -> None:
    code = "print('half way', flush=True); raise SystemExit('the end')"

    assert parent.call(program("step", code), show=True) == 1
    assert parent.last_words == "the end"
    assert said == ["half way", "the end"]


def test_a_program_inherits_the_socket_it_is_given(parent: Supervisor) -> None:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        door.listen()
        port = door.getsockname()[1]
        code = f"""
            import socket, time
            print(socket.socket(fileno={door.fileno()}).getsockname()[1], flush=True)
            time.sleep(60)
        """
        argv = [sys.executable, "-c", textwrap.dedent(code)]
        parent.start(Program("heir", argv, {}, pass_fds=(door.fileno(),)))
        watch(parent, lambda: log_of(parent, "heir").endswith("\n"))

    assert int(log_of(parent, "heir")) == port
