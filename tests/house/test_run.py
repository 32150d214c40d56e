"""The whole local run as its owner sees it: started, disturbed, stopped, started again."""

import os
import re
import signal
import subprocess
import sys
import textwrap
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from portal.core.processes import die_with_parent
from portal.up import settings_of_running

ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def run_in(var: Path) -> Iterator["subprocess.Popen[str]"]:
    surroundings = {k: v for k, v in os.environ.items() if not k.startswith("FIRSTCOME")}
    for name in ("DATABASE_URL", "REDIS_URL", "SMTP_URL", "PORT", "PUBLIC_URL"):
        surroundings.pop(name, None)
    with subprocess.Popen(
        [sys.executable, "-m", "portal.cli", "up"],
        cwd=ROOT,
        # the demo in full is built in tests/demo, by `make soak`
        env=surroundings | {"VAR_DIR": str(var), "DEMO_SIZE": "24"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        # who runs the tests may be killed, or leave at once when interrupted
        preexec_fn=die_with_parent(signal.SIGTERM),  # noqa: PLW1509 (one prctl, no locks)
    ) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait(20)


def table(process: "subprocess.Popen[str]") -> dict[str, str]:
    """Read what it says up to the table of addresses; return the table."""
    said = []
    assert process.stdout is not None
    for line in process.stdout:
        said.append(line)
        if line.startswith("Demo people"):
            return dict(re.findall(r"^  (\w+) +(\S+)$", "".join(said), re.M))
    raise AssertionError("it ended: " + "".join(said))


def status(url: str) -> int:
    with urllib.request.urlopen(url, timeout=10) as answer:
        code: int = answer.status
        return code


def eventually(holds: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.05)


def processes_of(var: Path) -> dict[int, str]:
    """Every process that was told this folder by its environment or its command line."""
    found = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            words = (entry / "cmdline").read_bytes()
            told = words + b"\0" + (entry / "environ").read_bytes()
        except OSError:
            continue
        if str(var).encode() in told:
            found[int(entry.name)] = words.replace(b"\0", b" ").decode()
    return found


def test_a_run_survives_disturbance_and_leaves_nothing_behind(tmp_path: Path) -> None:
    var = tmp_path / "a var"
    with run_in(var) as first:
        shown = table(first)
        assert status(shown["web"] + "/readyz") == 200
        settings = settings_of_running(var)
        assert settings is not None
        assert settings["PUBLIC_URL"] == shown["web"]

        # a second one in the same folder is refused and the first doesn't mind
        with run_in(var) as second:
            assert second.wait(20) == 1
        # a killed child comes back
        for role in ("gunicorn", "worker.py worker"):
            before = leader(var, role)
            os.kill(before, signal.SIGKILL)
            eventually(partial(is_another, var, role, before))
        eventually(lambda: answers(shown["web"] + "/readyz"))

        # one that hangs doesn't hold up the end
        os.kill(leader(var, "worker.py worker"), signal.SIGSTOP)
        first.send_signal(signal.SIGTERM)
        assert first.wait(15) == 0
    assert processes_of(var) == {}
    assert settings_of_running(var) is None

    with run_in(var) as again:
        shown = table(again)
        assert status(shown["web"] + "/readyz") == 200
        again.kill()
    eventually(lambda: processes_of(var) == {}, 15)


def test_a_run_goes_with_the_process_that_tests_it(tmp_path: Path) -> None:
    var = tmp_path / "a var"
    script = """
        import sys, time
        from pathlib import Path
        from tests.house.test_run import run_in

        with run_in(Path(sys.argv[1])) as run:
            print(run.stdout.readline(), end="", flush=True)
            time.sleep(60)
    """
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script), str(var)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
    ) as tester:
        assert tester.stdout is not None
        assert tester.stdout.readline().startswith(b"Starting PostgreSQL")
        tester.kill()
    eventually(lambda: processes_of(var) == {}, 15)


def leader(var: Path, role: str) -> int:
    """The process of a role that the others of the role descend from, 0 if there is none."""
    pids = [pid for pid, words in processes_of(var).items() if role in words]
    return min(pids, default=0)


def is_another(var: Path, role: str, before: int) -> bool:
    return leader(var, role) not in {0, before}


def answers(url: str) -> bool:
    try:
        return status(url) == 200
    except OSError:
        return False
