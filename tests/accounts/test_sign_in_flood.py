"""A flood of wrong passwords: what waits for it, and what does not."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import contextmanager

import pytest

from portal.accounts.passwords import AT_ONCE, CROWD, STEPS_BACK, seats
from portal.web.limits import limiter
from tests.factories import PASSWORD, csrf_of, make_person, sign_in
from tests.live import ROOT

FLOOD = """
from gevent import monkey
monkey.patch_all()
import json, os
from pathlib import Path
import gevent
from portal.accounts.passwords import Crowded, matches, matches_of_stranger

said, threads = [], []

def tried(check, who):
    try:
        assert check(None, "wrong wrong wrong") is False
        said.append(who)
    except Crowded:
        said.append("turned away")

def page():
    for step in range(50):
        gevent.sleep(0)
    said.append("page")

def look():
    while True:
        tasks = [int(task.name) for task in Path("/proc/self/task").iterdir()]
        own = os.getpid()
        threads.append([os.getpriority(os.PRIO_PROCESS, task) for task in tasks if task != own])
        gevent.sleep(0.01)

before = os.getpriority(os.PRIO_PROCESS, 0)
tries = [gevent.spawn(tried, matches_of_stranger, "stranger") for _ in range(20)]
tries += [gevent.spawn(tried, matches, "known") for _ in range(2)]
tries.append(gevent.spawn(page))
watch = gevent.spawn(look)
gevent.joinall(tries)
gevent.killall([watch])
lent = gevent.get_hub().threadpool.size
print(json.dumps({"said": said, "threads": threads, "before": before, "lent": lent}))
"""


@pytest.fixture(scope="module")
def flood():
    """Let twenty strangers and two known browsers try at once as a process of the web does."""
    words = [sys.executable, "-c", FLOOD]
    return json.loads(subprocess.run(words, cwd=ROOT, stdout=-1, check=True, timeout=60).stdout)


def test_pages_do_not_wait_behind_a_flood_of_passwords(flood):
    """Case 104."""
    answered = [who for who in flood["said"] if who != "turned away"]
    assert answered.index("page") < CROWD // 2


def test_one_password_at_a_time_is_hashed_and_lets_everything_else_go_first(flood):
    """Case 104."""
    wanted = max(flood["before"], STEPS_BACK)
    just_begun = flood["before"]
    assert all(
        len(found) <= AT_ONCE and {*found} <= {just_begun, wanted} for found in flood["threads"]
    )
    assert flood["threads"][-1] == [wanted] * AT_ONCE
    assert flood["lent"] == 0, "the threads in which names are looked up are for others"


def test_strangers_wait_only_as_many_as_leave_the_database_to_others(flood):
    """Case 104."""
    assert flood["said"].count("stranger") == CROWD
    assert flood["said"].count("turned away") == 20 - CROWD
    assert flood["said"].count("known") == 2


@contextmanager
def crowd():
    """Have as many strangers wait as may."""
    for _stranger in range(CROWD):
        assert seats.acquire(blocking=False)
    try:
        yield
    finally:
        seats.release(CROWD)


def give_password(client, user, password=PASSWORD):
    token = csrf_of(client.get("/login").text)
    fields = {"email": user.email, "password": password, "csrf_token": token}
    return client.post("/login", data=fields)


def test_who_comes_into_a_crowd_is_asked_to_come_back_and_it_counts_for_nothing(app, client):
    """Case 104."""
    alice = make_person()
    limiter.reset()
    with crowd():
        for _attempt in range(9):
            answer = give_password(client, alice)
            assert (answer.status_code, answer.headers["Retry-After"]) == (429, "5")
            assert "Very many are signing in just now" in answer.text
            assert f'value="{alice.email}"' in answer.text
    assert give_password(client, alice).status_code == 303


def test_a_crowd_of_strangers_keeps_nobody_out_of_the_browser_she_uses(app, client):
    """Case 104."""
    alice = make_person()
    sign_in(client, alice).delete_cookie("session")
    with crowd():
        assert give_password(client, alice, "wrong wrong").status_code == 422
        assert give_password(client, alice).status_code == 303
