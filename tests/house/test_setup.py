"""What is promised about installing and starting: locks, one clear line, nothing half done."""

import ast
import fcntl
import importlib.util
import json
import re
import socket
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

from portal.core.config import Settings, SettingsMissing
from portal.up import settings_of_running, up

ROOT = Path(__file__).resolve().parents[2]
LOCKS = sorted(ROOT.glob("requirements*.lock"))


def load(path: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(Path(path).stem, ROOT / path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


bootstrap = load("deploy/bootstrap.py")


def pins(lock: str) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for name, version in re.findall(
        r"^([a-z0-9._-]+)==([^ ;\\]+)", (ROOT / lock).read_text(), re.M
    ):
        found.setdefault(name, set()).add(version)
    return found


def wanted(specifiers: list[str]) -> set[str]:
    return {re.split(r"[\[<>=~! ]", text)[0].lower().replace("_", "-") for text in specifiers}


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_a_lock_file_pins_with_hashes_and_names_no_address(lock: Path) -> None:
    text = lock.read_text()
    entries = re.split(r"\n(?=[a-z0-9])", text)

    assert "://" not in text
    assert "--index" not in text
    for entry in entries:
        assert re.match(r"[a-z0-9._-]+==", entry), entry
        assert "--hash=sha256:" in entry, entry


def test_the_front_end_lock_pins_with_hashes_and_names_no_address() -> None:
    packages = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    installed = {name: entry for name, entry in packages.items() if name}

    assert installed
    assert all("resolved" not in entry for entry in installed.values())
    assert all(entry["integrity"].startswith("sha512-") for entry in installed.values())


def test_the_locks_hold_everything_that_the_project_asks_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    extras = project["project"]["optional-dependencies"]
    production = wanted(project["project"]["dependencies"])

    assert production <= pins("requirements.lock").keys()
    assert production | wanted(extras["local"]) <= pins("requirements-local.lock").keys()
    assert wanted(extras["dev"]) <= pins("requirements-dev.lock").keys()
    assert wanted(project["dependency-groups"]["setup"]) <= pins("requirements-setup.lock").keys()


def test_tests_run_on_the_versions_of_production() -> None:
    for name, versions in pins("requirements.lock").items():
        assert pins("requirements-local.lock")[name] == versions
        assert pins("requirements-dev.lock")[name] == versions


def test_an_old_python_can_read_the_set_up_far_enough_to_say_what_it_needs() -> None:
    tree = ast.parse((ROOT / "deploy" / "bootstrap.py").read_text(), feature_version=(3, 6))
    kinds = [type(node) for node in tree.body[:3]]

    assert kinds == [ast.Expr, ast.Import, ast.If]


@pytest.mark.parametrize(
    ("said", "line"),
    [
        ("error: write failed: No space left on device (os error 28)", "The disk is full"),
        ("npm error code ENOTFOUND", "No connection"),
        ("Max retries exceeded with url", "No connection"),
        ("THESE PACKAGES DO NOT MATCH THE HASHES", "its hash differs"),
        ("mkdir: Permission denied", "permission denied"),
        ("collecting\nerror: something else\n", "error: something else"),
    ],
)
def test_a_failed_set_up_is_one_clear_line(said: str, line: str) -> None:
    told = bootstrap._in_one_line(["/somewhere/npm", "ci"], said)

    assert line in told
    assert "\n" not in told


@pytest.fixture
def settings(tmp_path: Path) -> dict[str, str]:
    return {"VAR_DIR": str(tmp_path / "var")}


def refusal(settings: dict[str, str], capsys: pytest.CaptureFixture[str]) -> str:
    assert up(settings) == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.count("\n") == 1
    return told.err


@pytest.mark.parametrize(
    ("name", "value", "line"),
    [
        ("PORT", "many", "PORT=many is not a port"),
        ("PORT", "70000", "PORT=70000 is not a port"),
        ("DEMO_SIZE", "few", "DEMO_SIZE=few is not a number of leads"),
        ("HOST", "203.0.113.9", "HOST=203.0.113.9 is no address of this machine"),
        ("DATABASE_URL", "mysql://me:hush@127.0.0.1/x", "must begin with postgresql://"),
        ("DATABASE_URL", "postgresql://me:hush hush@[x", "DATABASE_URL can't be read"),
        ("DATABASE_URL", "postgresql://me:hush@127.0.0.1:1/x", "Connection refused"),
        ("REDIS_URL", "nonsense:hush", "REDIS_URL leads nowhere"),
        ("REDIS_URL", "redis://:hush@127.0.0.1:1", "Connection refused"),
    ],
)
def test_a_setting_that_can_not_work_is_one_clear_line_without_its_password(
    name: str, value: str, line: str, settings: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    told = refusal(settings | {name: value}, capsys)

    assert line in told
    assert "hush" not in told


NEEDED = {
    "SECRET_KEY": "x" * 32,
    "DATABASE_URL": "postgresql://portal@127.0.0.1:1/portal",
    "REDIS_URL": "redis://127.0.0.1:1/0",
    "SMTP_URL": "smtp://127.0.0.1:1",
    "PUBLIC_URL": "https://leads.example",
    "MAIL_DOMAIN": "in.leads.example",
}


@pytest.mark.parametrize("name", NEEDED)
def test_production_does_not_start_without_a_setting_and_names_it(name: str) -> None:
    Settings.from_environment(NEEDED)
    for without in ({**NEEDED, name: ""}, {key: NEEDED[key] for key in NEEDED if key != name}):
        with pytest.raises(SettingsMissing) as told:
            Settings.from_environment(without)
        assert {word for word in NEEDED if word in str(told.value)} == {name}


@pytest.mark.parametrize("name", ["PROXY_HOPS", "MAIL_PER_DOMAIN_PER_MINUTE"])
def test_a_setting_that_is_no_number_is_named(name: str) -> None:
    with pytest.raises(SettingsMissing, match=name):
        Settings.from_environment({**NEEDED, name: "a few"})


@pytest.mark.parametrize(
    "words",
    [
        "-m gunicorn -c gunicorn.conf.py app:app",
        "worker.py worker",
        "worker.py scheduler",
        "-m portal.cli doctor",
    ],
)
def test_every_process_names_all_that_is_missing_in_one_line(words: str, tmp_path: Path) -> None:
    given = {"PATH": "/usr/bin:/bin", "VAR_DIR": str(tmp_path), "BIND": f"unix:{tmp_path}/web"}
    given |= {"SECRET_KEY": NEEDED["SECRET_KEY"], "WEB_WORKERS": "1"}
    ended = subprocess.run(
        [sys.executable, *words.split()],
        cwd=ROOT,
        env=given,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode != 0
    assert "Traceback" not in ended.stderr
    (line,) = [line for line in ended.stderr.splitlines() if "Missing" in line]
    assert {word for word in NEEDED if word in line} == NEEDED.keys() - {"SECRET_KEY"}


def test_a_wrong_database_password_is_said_without_the_password(
    settings: dict[str, str], capsys: pytest.CaptureFixture[str], committed: object
) -> None:
    url = re.sub(r":[^:@/]+@", ":hush@", committed.config["SQLALCHEMY_DATABASE_URI"])  # type: ignore[attr-defined]
    told = refusal(settings | {"DATABASE_URL": url}, capsys)

    assert "password authentication failed" in told
    assert "hush" not in told


def test_a_named_port_that_is_taken_is_one_clear_line(
    settings: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as stranger:
        stranger.bind(("127.0.0.1", 0))
        stranger.listen()
        port = stranger.getsockname()[1]
        told = refusal(settings | {"PORT": str(port)}, capsys)

    assert f"Port {port} on 127.0.0.1: Address already in use" in told


def test_a_second_run_in_the_same_folder_is_refused(
    settings: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lock = tmp_path / "var" / "run" / "lock"
    lock.parent.mkdir(parents=True)
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert "It already runs in this folder" in refusal(settings, capsys)


def test_a_folder_that_can_not_be_written_is_one_clear_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert "/proc/no-such-place" in refusal({"VAR_DIR": "/proc/no-such-place"}, capsys)


def test_a_folder_without_a_run_has_no_settings(tmp_path: Path) -> None:
    assert settings_of_running(tmp_path / "var") is None


def test_the_worker_leaves_the_standard_library_as_it_is() -> None:
    code = "import sys, portal.factory, worker; assert 'gevent.monkey' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


def test_the_web_listens_on_loopback_and_keeps_its_state_to_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("BIND", "HOST", "PORT"):
        monkeypatch.delenv(name, raising=False)
    conf = load("gunicorn.conf.py")

    assert conf.bind == "127.0.0.1:8000"
    assert conf.control_socket_disable is True
    assert conf.forwarded_allow_ips == ""
