"""The local PostgreSQL and Valkey, in folders with a space that nobody else may enter."""

import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from portal.core.servers import EXTENSIONS, PostgresServer, ServerProblem, ValkeyServer, running


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("with a space") / "var dir"


@pytest.fixture(scope="module")
def postgres(folder: Path) -> Iterator[PostgresServer]:
    server = PostgresServer(folder, durable=False)
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def valkey(folder: Path) -> Iterator[ValkeyServer]:
    server = ValkeyServer(folder)
    server.start()
    yield server
    server.stop()


def ask(url: str, question: str) -> object:
    with psycopg.connect(url) as link:
        row = link.execute(question).fetchone()
    return row[0] if row else None


def test_the_role_owns_the_database_but_bypasses_nothing(postgres: PostgresServer) -> None:
    rights = (
        "select array[rolsuper, rolbypassrls, rolcreaterole, rolcreatedb] "
        "from pg_roles where rolname = current_user"
    )
    owner = "select pg_get_userbyid(datdba) from pg_database where datname = current_database()"

    assert ask(postgres.url, rights) == [False, False, False, True]
    assert ask(postgres.url, owner) == "portal"


def test_new_databases_come_with_the_extensions(postgres: PostgresServer) -> None:
    with psycopg.connect(postgres.url, autocommit=True) as link:
        link.execute("create database another")
    found = ask(postgres.url_of("another"), "select array_agg(extname::text) from pg_extension")

    assert isinstance(found, list)
    assert set(EXTENSIONS) <= set(found)


def test_nobody_enters_without_the_password(postgres: PostgresServer, valkey: ValkeyServer) -> None:
    address = f"postgresql://postgres:wrong@127.0.0.1:{postgres.port}/portal"
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(address)
    with (
        redis.Redis(port=valkey.port or 0) as link,
        pytest.raises(redis.exceptions.AuthenticationError),
    ):
        link.ping()


def test_passwords_lie_where_only_we_can_read_them(
    folder: Path, postgres: PostgresServer, valkey: ValkeyServer
) -> None:
    assert (folder / "secrets").stat().st_mode & 0o077 == 0
    for path in (folder / "secrets").iterdir():
        assert path.stat().st_mode & 0o077 == 0
    assert not (folder / "postgres" / "password").exists()
    assert (folder / "valkey" / "valkey.conf").stat().st_mode & 0o077 == 0


def test_a_second_process_finds_the_running_servers(
    folder: Path, postgres: PostgresServer, valkey: ValkeyServer
) -> None:
    found = running(folder)

    assert found is not None
    assert found.database_url == postgres.url
    assert found.redis_url == valkey.url


def test_a_folder_without_servers_has_none_running(tmp_path: Path) -> None:
    assert running(tmp_path) is None


def test_a_stranger_at_our_old_port_is_not_taken_for_ours(
    tmp_path: Path, valkey: ValkeyServer
) -> None:
    mine = ValkeyServer(tmp_path / "mine")
    mine.start()
    mine.stop()
    settings = tmp_path / "mine" / "valkey" / "valkey.conf"
    settings.write_text(settings.read_text().replace(f"port {mine.port}", f"port {valkey.port}"))

    assert not ValkeyServer(tmp_path / "mine").find()


def test_starting_twice_takes_over_what_runs(postgres: PostgresServer) -> None:
    second = PostgresServer(postgres.var, durable=False)
    second.start()

    assert second.port == postgres.port
    assert second.alive()


def test_data_outlives_a_killed_server_and_the_address_stays(tmp_path: Path) -> None:
    server = PostgresServer(tmp_path / "var")
    server.start()
    try:
        with psycopg.connect(server.url) as link:
            link.execute("create table kept as select 42 as answer")
        before = server.port
        kill_and_await_death(int((server.data / "postmaster.pid").read_text().split()[0]), server)
        server.start()

        assert ask(server.url, "select answer from kept") == 42
        assert server.port == before
    finally:
        server.stop()
    assert not server.alive()


def test_the_queue_outlives_a_stopped_server(tmp_path: Path) -> None:
    first = ValkeyServer(tmp_path / "var")
    first.start()
    with redis.Redis.from_url(first.url) as link:
        link.set("kept", "yes")
    first.stop()
    second = ValkeyServer(tmp_path / "var")
    second.start()
    try:
        with redis.Redis.from_url(second.url) as link:
            assert link.get("kept") == b"yes"
    finally:
        second.stop()


def test_an_interrupted_first_start_is_repaired(tmp_path: Path) -> None:
    half_made = tmp_path / "var" / "postgres" / "data.new"
    half_made.mkdir(parents=True)
    (half_made / "PG_VERSION").write_text("18\n")
    server = PostgresServer(tmp_path / "var", durable=False)
    server.start()
    try:
        assert ask(server.url, "select 1") == 1
    finally:
        server.stop()


def test_data_of_another_version_is_named_and_left_alone(tmp_path: Path) -> None:
    data = tmp_path / "var" / "postgres" / "data"
    data.mkdir(parents=True)
    (data / "PG_VERSION").write_text("9\n")

    with pytest.raises(ServerProblem, match="made by PostgreSQL 9"):
        PostgresServer(tmp_path / "var").start()
    assert (data / "PG_VERSION").exists()


@pytest.mark.parametrize("kind", [PostgresServer, ValkeyServer])
def test_a_named_port_that_is_taken_is_one_clear_line(
    kind: type[PostgresServer] | type[ValkeyServer], folder: Path, tmp_path: Path
) -> None:
    with socket.socket() as stranger:
        stranger.bind(("127.0.0.1", 0))
        stranger.listen()
        port = stranger.getsockname()[1]
        with pytest.raises(ServerProblem, match=f"Port {port} for .* is taken") as refusal:
            kind(tmp_path / "var", port, durable=False).start()
    assert "\n" not in str(refusal.value)


def test_the_servers_go_when_the_process_that_started_them_is_killed(tmp_path: Path) -> None:
    var = tmp_path / "a var"
    script = """
        import sys, time
        from pathlib import Path
        from portal.core.servers import PostgresServer, ValkeyServer

        servers = PostgresServer(Path(sys.argv[1]), durable=False), ValkeyServer(Path(sys.argv[1]))
        for server in servers:
            server.start()
        print("ready", flush=True)
        time.sleep(60)
    """
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script), str(var)], stdout=subprocess.PIPE
    ) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"ready\n"
        assert running(var) is not None
        parent.kill()
    deadline = time.monotonic() + 10
    while (var / "postgres" / "data" / "postmaster.pid").exists() or running(var):
        assert time.monotonic() < deadline, "a server stayed behind"
        time.sleep(0.02)


def test_a_child_goes_with_its_parent_even_before_it_has_become_its_program(
    tmp_path: Path,
) -> None:
    # the parent takes SIGTERM as a wish, and so does its child until it runs a program of its own
    script = """
        import os, signal, subprocess, sys, time
        from portal.core.processes import die_with_parent

        signal.signal(signal.SIGTERM, lambda *_: None)
        leash = die_with_parent(signal.SIGTERM)

        def in_child():
            leash()
            print(os.getpid(), flush=True)
            time.sleep(60)

        subprocess.Popen(["true"], preexec_fn=in_child)
    """
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script)], stdout=subprocess.PIPE
    ) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        parent.kill()
    deadline = time.monotonic() + 5
    while Path(f"/proc/{child}").exists():
        assert time.monotonic() < deadline, "the child stayed behind"
        time.sleep(0.02)


def kill_and_await_death(pid: int, server: PostgresServer) -> None:
    os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + 5
    while server.alive():
        assert time.monotonic() < deadline
        time.sleep(0.01)
