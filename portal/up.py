"""The local run behind `portal up`: everything Firstcome needs, in one folder, until Ctrl-C.

Belongs here: which programs a local run has, with which settings, in which order, and what the
person at the terminal is told. How servers and children are kept is `core.servers` and
`core.supervisor`. Production uses systemd instead.
"""

import contextlib
import errno
import fcntl
import hashlib
import http.client
import secrets
import socket
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import redis

from portal.core.servers import PostgresServer, ServerProblem, ValkeyServer, free_port
from portal.core.supervisor import Interrupted, Program, Supervisor

ROOT = Path(__file__).resolve().parent.parent
FIRST_PORT = 8000
FIRST_MAIL_PORT = 8025
PORTS_TRIED = 100
READY_SECONDS = 60.0

DEMO_PEOPLE = (
    ("manager@firstcome.example", "channel manager"),
    ("qualifier@firstcome.example", "qualifies leads"),
    ("alice@alpha-systems.example", "rep of a reseller"),
    ("bob@beta-networks.example", "rep of another reseller, gets the same offers"),
    ("anna@alpha-systems.example", "manager of Alice's firm"),
    ("admin@firstcome.example", "administrator"),
)
DEMO_PASSWORD = "firstcome-demo"


class CannotStart(Exception):
    """Why a local run can't begin; the message is one line that a person can act on."""


@dataclass(frozen=True)
class _Plan:
    """What the person asked for, by setting or by leaving it out."""

    var: Path
    host: str
    port: int | None
    public_url: str
    database_url: str
    redis_url: str
    smtp_url: str
    secret_key: str
    demo_size: str
    mail_in_port: int | None


def up(environment: Mapping[str, str]) -> int:
    """Run everything until Ctrl-C, SIGTERM or the loss of the terminal; return the exit code."""
    try:
        plan = _read(environment)
        with _alone_in(plan.var):
            return _run(plan, environment)
    except (CannotStart, ServerProblem) as problem:
        print(f"Firstcome can't start. {problem}", file=sys.stderr)
        return 1


def settings_of_running(var: Path) -> dict[str, str] | None:
    """Give the settings that the run in this folder hands to its programs, or None without a run.

    Commands in a second terminal work on the same database and queue with them.
    """
    if _is_free(var):
        return None
    try:
        lines = (var / "run" / "settings").read_text().splitlines()
    except OSError:
        return None
    return dict(line.split("=", 1) for line in lines if "=" in line)


def _run(plan: _Plan, environment: Mapping[str, str]) -> int:
    _check_named_servers(plan)
    supervisor = Supervisor(plan.var, ROOT, _say)
    supervisor.listen_for_signals()
    door: socket.socket | None = None
    try:
        supervisor.sweep()
        door = _open_door(plan)
        port = int(door.getsockname()[1])
        addresses: list[tuple[str, str]] = []
        settings = _settings(plan, port)
        _start_servers(supervisor, plan, settings, addresses)
        env = {**environment, **settings}
        _note(plan.var / "run" / "settings", settings)
        _set_up(supervisor, plan, env)
        supervisor.start(_web(env, door))
        _await_ready(supervisor, plan.host, port)
        served = _python("worker.py", "worker", "now", "mail", "incoming")
        supervisor.start(Program("worker", served, env))
        # a long import must not delay a mail
        supervisor.start(Program("bulk", _python("worker.py", "worker", "bulk"), env))
        supervisor.start(Program("scheduler", _python("worker.py", "scheduler"), env))
        supervisor.start(Program("mail-in", _python("worker.py", "mail-in"), env))
        addresses.append(("mail-in", f"127.0.0.1:{settings['MAIL_IN_PORT']}"))
        if environment.get("IMAP_URL"):
            supervisor.start(Program("mail-fetch", _python("worker.py", "mail-fetch"), env))
        if not plan.smtp_url:
            supervisor.start(Program("catcher", _python("worker.py", "catcher"), env))
            addresses.append(("mailbox", f"{settings['PUBLIC_URL']}/local/mailbox"))
        _say(_welcome([("web", settings["PUBLIC_URL"]), *addresses]))
        code = supervisor.run()
        _say("Stopping …")
    except Interrupted:
        code = 0
        _say("Stopping …")
    finally:
        supervisor.stop()
        if door is not None:
            door.close()
        (plan.var / "run" / "settings").unlink(missing_ok=True)
    _say("Stopped. The data stays; `make run` goes on with it.")
    return code


def _read(environment: Mapping[str, str]) -> _Plan:
    if (size := environment.get("DEMO_SIZE") or "") and not (size.isdigit() and int(size)):
        raise CannotStart(f"DEMO_SIZE={size} is not a number of leads.")
    return _Plan(
        var=Path(environment.get("VAR_DIR") or ROOT / "var").absolute(),
        host=environment.get("HOST") or "127.0.0.1",
        port=_port_named(environment, "PORT"),
        public_url=(environment.get("PUBLIC_URL") or "").rstrip("/"),
        database_url=environment.get("DATABASE_URL") or "",
        redis_url=environment.get("REDIS_URL") or "",
        smtp_url=environment.get("SMTP_URL") or "",
        secret_key=environment.get("SECRET_KEY") or "",
        demo_size=size,
        mail_in_port=_port_named(environment, "MAIL_IN_PORT"),
    )


def _port_named(environment: Mapping[str, str], name: str) -> int | None:
    if not (named := environment.get(name)):
        return None
    if not named.isdigit() or not 0 < int(named) < 65536:
        raise CannotStart(f"{name}={named} is not a port: take a number from 1 to 65535.")
    return int(named)


def _free_mail_port(named: int | None) -> int:
    """Return where mail comes in: the named port, else 8025 or the next that is free."""
    ports = [named] if named else range(FIRST_MAIL_PORT, FIRST_MAIL_PORT + PORTS_TRIED)
    for port in ports:
        with socket.socket() as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                tried.bind(("127.0.0.1", port))
            except OSError as problem:
                if named:
                    raise CannotStart(
                        f"Port {port} for mail that comes in: {problem.strerror}. Name another one "
                        "with MAIL_IN_PORT=…, or leave MAIL_IN_PORT out."
                    ) from problem
                continue
            return port
    raise CannotStart("No free port for mail that comes in: name one with MAIL_IN_PORT=….")


@contextlib.contextmanager
def _alone_in(var: Path) -> Iterator[None]:
    """Hold the folder for this run; raises CannotStart when another run holds it."""
    try:
        var.mkdir(parents=True, exist_ok=True)
        (var / "log").mkdir(mode=0o700, exist_ok=True)
        (var / "run").mkdir(mode=0o700, exist_ok=True)
        lock = (var / "run" / "lock").open("a")
        probe = var / "run" / "probe"
        probe.write_text("room for a little text\n" * 1000)
        probe.unlink()
    except OSError as problem:
        raise CannotStart(f"{problem.filename or var}: {problem.strerror}.") from problem
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise CannotStart(f"It already runs in this folder ({var}).") from None
        yield


def _is_free(var: Path) -> bool:
    try:
        with (var / "run" / "lock").open() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True


def _open_door(plan: _Plan) -> socket.socket:
    """Take the web's port now and hold it, so that two runs that start at once don't share one.

    Who knocks before the web is ready waits instead of being turned away.
    """
    ports = [plan.port] if plan.port else range(FIRST_PORT, FIRST_PORT + PORTS_TRIED)
    for port in ports:
        try:
            family, _, _, _, address = socket.getaddrinfo(
                plan.host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
            )[0]
            door = socket.socket(family, socket.SOCK_STREAM)
        except OSError as problem:
            raise CannotStart(f"HOST={plan.host}: {problem.strerror}.") from problem
        try:
            door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            door.bind(address)
            door.listen(2048)
        except OSError as problem:
            door.close()
            if problem.errno == errno.EADDRNOTAVAIL:
                raise CannotStart(f"HOST={plan.host} is no address of this machine.") from problem
            if plan.port:
                raise CannotStart(
                    f"Port {plan.port} on {plan.host}: {problem.strerror}. "
                    "Name another one with PORT=…, or leave PORT out."
                ) from problem
            continue
        return door
    raise CannotStart(
        f"No free port from {FIRST_PORT} to {FIRST_PORT + PORTS_TRIED - 1} on {plan.host}: "
        "name one with PORT=…."
    )


def _settings(plan: _Plan, port: int) -> dict[str, str]:
    shown = "127.0.0.1" if plan.host in {"0.0.0.0", "::", ""} else plan.host
    shown = f"[{shown}]" if ":" in shown else shown
    settings = {
        "FIRSTCOME_LOCAL": "1",
        "VAR_DIR": str(plan.var),
        "PORT": str(port),
        "PUBLIC_URL": plan.public_url or f"http://{shown}:{port}",
        "SECRET_KEY": plan.secret_key or _secret_key(plan.var),
        "MAIL_IN_PORT": str(_free_mail_port(plan.mail_in_port)),
        "PYTHONUNBUFFERED": "1",
    }
    if plan.smtp_url:
        settings["SMTP_URL"] = plan.smtp_url
    else:
        settings["SMTP_URL"] = f"smtp://127.0.0.1:{free_port()}"
        settings["MAILBOX_DIR"] = str(plan.var / "mailbox")
    return settings


def _secret_key(var: Path) -> str:
    (var / "secrets").mkdir(mode=0o700, exist_ok=True)
    path = var / "secrets" / "session-key"
    if not path.exists():
        _note_text(path, secrets.token_hex(32))
    return path.read_text().strip()


def _start_servers(
    supervisor: Supervisor,
    plan: _Plan,
    settings: dict[str, str],
    addresses: list[tuple[str, str]],
) -> None:
    if plan.database_url:
        settings["DATABASE_URL"] = plan.database_url
    else:
        _say("Starting PostgreSQL …")
        postgres = PostgresServer(plan.var)
        supervisor.start_service("PostgreSQL", postgres)
        settings["DATABASE_URL"] = postgres.url
        addresses.append(("database", f"127.0.0.1:{postgres.port}"))
    if plan.redis_url:
        settings["REDIS_URL"] = plan.redis_url
    else:
        _say("Starting Valkey …")
        valkey = ValkeyServer(plan.var)
        supervisor.start_service("Valkey", valkey)
        settings["REDIS_URL"] = valkey.url
        addresses.append(("queue", f"127.0.0.1:{valkey.port}"))


def _check_named_servers(plan: _Plan) -> None:
    """Refuse addresses that lead nowhere before anything starts; raises CannotStart."""
    if plan.database_url:
        _check_database(plan.database_url)
    if plan.redis_url:
        _check_redis(plan.redis_url)


def _check_database(url: str) -> None:
    plain = _plain(url)
    if not plain.startswith(("postgresql://", "postgres://")):
        raise CannotStart("DATABASE_URL must begin with postgresql://.")
    try:
        with psycopg.connect(plain, connect_timeout=5) as link:
            version = link.info.server_version // 10000
    except psycopg.ProgrammingError as problem:  # what it says may quote the password
        raise CannotStart(
            "DATABASE_URL can't be read; write postgresql://user:password@host:5432/database."
        ) from problem
    except psycopg.Error as problem:
        raise CannotStart(
            f"DATABASE_URL leads nowhere: {_without_password(str(problem), url)}"
        ) from problem
    if version < 15:
        raise CannotStart(f"DATABASE_URL is a PostgreSQL {version}; 15 or newer is needed.")


def _check_redis(url: str) -> None:
    try:
        with redis.Redis.from_url(url, socket_connect_timeout=5, socket_timeout=5) as link:
            link.ping()
    except (redis.RedisError, ValueError) as problem:
        raise CannotStart(
            f"REDIS_URL leads nowhere: {_without_password(str(problem), url)}"
        ) from problem


def _without_password(said: str, url: str) -> str:
    try:
        password = urlsplit(url).password
    except ValueError:
        password = None
    lines = [line.strip() for line in said.replace(url, "…").splitlines() if line.strip()]
    text = lines[0] if lines else "no answer"
    return text.replace(password, "…") if password else text


def _set_up(supervisor: Supervisor, plan: _Plan, env: Mapping[str, str]) -> None:
    """Bring the tables up to date and, on the first start, build the demo programme.

    Two more processes would cost a later start some seconds, so what was found complete is noted
    and compared with what the database itself says.
    """
    note = supervisor.var / "run" / "set-up"
    if note.exists() and note.read_text() == _state_of(env["DATABASE_URL"]):
        return
    _say("Bringing the database up to date …")
    step = Program("migrate", _python("-m", "portal.cli", "db", "upgrade"), env)
    if supervisor.call(step) != 0:
        raise CannotStart(
            f"The database could not be brought up to date: {supervisor.last_words} "
            f"({supervisor.var / 'log' / 'migrate.log'})"
        )
    size = ("--size", plan.demo_size) if plan.demo_size else ()
    step = Program("demo", _python("-m", "portal.cli", "demo", "--first-start", *size), env)
    if supervisor.call(step, show=True) != 0 and "No such command" not in supervisor.last_words:
        raise CannotStart(
            f"The demo programme could not be built: {supervisor.last_words} "
            f"({supervisor.var / 'log' / 'demo.log'})"
        )
    if state := _state_of(env["DATABASE_URL"]):
        _note_text(note, state)


def _state_of(database_url: str) -> str:
    """Tell which database it is, how far it is migrated, and how far our migrations go."""
    total = hashlib.sha256()
    for path in sorted((ROOT / "portal" / "migrations").rglob("*.py")):
        total.update(f"{path.name}\n".encode() + path.read_bytes())
    try:
        with psycopg.connect(_plain(database_url), connect_timeout=5) as link:
            row = link.execute(
                "select system_identifier, d.oid, (select string_agg(version_num, ',') "
                "from alembic_version) from pg_control_system(), pg_database d "
                "where d.datname = current_database()"
            ).fetchone()
    except psycopg.Error:
        return ""
    return f"{row} {total.hexdigest()}"


def _plain(url: str) -> str:
    return url.replace("postgresql+psycopg://", "postgresql://", 1)


def _python(*words: str) -> list[str]:
    return [sys.executable, *words]


def _web(env: Mapping[str, str], door: socket.socket) -> Program:
    return Program(
        "web",
        _python("-m", "gunicorn", "-c", "gunicorn.conf.py", "app:app"),
        {**env, "BIND": f"fd://{door.fileno()}"},
        pass_fds=(door.fileno(),),
    )


def _await_ready(supervisor: Supervisor, host: str, port: int) -> None:
    """Wait until the web answers; raises CannotStart when it does not."""
    _say("Starting the web, the worker and the scheduler …")
    where = "127.0.0.1" if host in {"0.0.0.0", "", "::"} else host
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        if not supervisor.tick(0.1):
            raise CannotStart("A program ended again and again, see above.")
        if _answers(where, port):
            return
    raise CannotStart(f"The web gave no answer in {READY_SECONDS:g} s; see var/log/web.log.")


def _answers(host: str, port: int) -> bool:
    link = http.client.HTTPConnection(host, port, timeout=1)
    try:
        link.request("GET", "/healthz")
        return link.getresponse().status < 500
    except (OSError, http.client.HTTPException):
        return False
    finally:
        link.close()


def _welcome(addresses: list[tuple[str, str]]) -> str:
    width = max(len(name) for name, _ in addresses)
    email_width = max(len(email) for email, _ in DEMO_PEOPLE)
    web = addresses[0][1]
    lines = ["", "Firstcome runs. Ctrl-C stops it.", ""]
    lines += [f"  {name.ljust(width)}  {address}" for name, address in addresses]
    lines += ["", f"Demo people, all with the password {DEMO_PASSWORD}:", ""]
    lines += [f"  {email.ljust(email_width)}  {who}" for email, who in DEMO_PEOPLE]
    lines += [
        "",
        "Try first:",
        "",
        f"  1. Sign in at {web}/login as alice and pick up a lead in Available.",
        "  2. In a private window, sign in as bob and try to pick up the same one.",
        "  3. Sign in as manager and see both on the Board.",
        "",
    ]
    return "\n".join(lines)


def _note(path: Path, settings: Mapping[str, str]) -> None:
    _note_text(path, "\n".join(f"{name}={value}" for name, value in settings.items()))


def _note_text(path: Path, text: str) -> None:
    """Write a file that only we may read, whole or not at all."""
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    fresh.touch(0o600)
    fresh.write_text(text)
    fresh.rename(path)


def _say(text: str) -> None:
    """Print at once; a terminal that is gone must not end the run."""
    try:
        print(text, flush=True)
    except (OSError, ValueError):
        return
