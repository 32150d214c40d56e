"""`/metrics`: who may read it, that it speaks for all processes, and what its labels never say."""

from __future__ import annotations

import re

import pytest
from prometheus_client.parser import text_string_to_metric_families

from portal.accounts.queries import get_actor
from portal.core import clock, jobs
from portal.core.errors import DomainError
from portal.core.mail import outbox
from portal.pickup import counting
from tests.conftest import settings_for
from tests.core.posting import ALICE, CONTEXT
from tests.factories import factory, make_offered_lead, make_partner, make_person, sign_in
from tests.live import at_once


def read(said):
    """Return the figures of a page by name and labels."""
    found = {}
    for family in text_string_to_metric_families(said):
        for sample in family.samples:
            found[sample.name, frozenset(sample.labels.items())] = sample.value
    return found


def figure(said, name, **labels):
    return read(said).get((name, frozenset(labels.items())), 0.0)


@pytest.fixture
def with_token(app):
    before = app.config["SETTINGS"]
    app.config["SETTINGS"] = settings_for("", "", before.var_dir, METRICS_TOKEN="a long secret")
    yield
    app.config["SETTINGS"] = before


FAR = {"REMOTE_ADDR": "203.0.113.9"}


def test_who_asks_from_this_machine_may_read_it(client):
    for address in ("127.0.0.1", "::1"):
        answer = client.get("/metrics", environ_base={"REMOTE_ADDR": address})
        assert answer.status_code == 200
        assert answer.mimetype == "text/plain"
    assert client.get("/metrics", environ_base=FAR).status_code == 404


@pytest.mark.parametrize("header", ["X-Forwarded-For", "X-Real-IP", "Forwarded", "Via"])
def test_who_comes_through_a_proxy_is_not_from_here(client, header):
    assert client.get("/metrics", headers={header: "127.0.0.1"}).status_code == 404


def test_a_token_opens_it_to_others(client, with_token):
    def ask(authorization):
        headers = {"Authorization": authorization}
        return client.get("/metrics", environ_base=FAR, headers=headers).status_code

    assert ask("Bearer a long secret") == 200
    for wrong in ("", "Bearer", "Bearer ", "Bearer a long secre", "Basic a long secret", "ä"):
        assert ask(wrong) == 404


def test_without_a_token_in_the_settings_none_opens_it(client):
    headers = {"Authorization": "Bearer "}
    assert client.get("/metrics", environ_base=FAR, headers=headers).status_code == 404


def test_requests_are_counted_by_endpoint_and_class(client):
    before = client.get("/metrics").text
    client.get("/login")
    client.get("/login")
    client.get("/no-such-page/with-a-secret")
    after = client.get("/metrics").text
    name = "firstcome_request_seconds_count"
    for labels, more in (
        ({"endpoint": "accounts.login", "status": "2xx"}, 2),
        ({"endpoint": "none", "status": "4xx"}, 1),
        ({"endpoint": "figures.metrics", "status": "2xx"}, 1),
    ):
        assert figure(after, name, **labels) - figure(before, name, **labels) == more
    assert "with-a-secret" not in after


def test_picks_are_counted_by_what_became_of_them(app, client):
    winner = sign_in(client, make_person(make_partner("Alpha")))
    lead = make_offered_lead()
    before = client.get("/metrics").text
    token = re.search(r'csrf-token" content="([^"]+)"', winner.get("/").text).group(1)
    winner.post(f"/leads/{lead.id}/pickup", data={"csrf_token": token})
    after = client.get("/metrics").text
    counted = {
        dict(labels)["outcome"]: value - read(before).get((name, labels), 0.0)
        for (name, labels), value in read(after).items()
        if name == "firstcome_picks_total"
    }
    assert sum(counted.values()) == 1


def test_refused_picks_are_counted_by_code(ctx):
    class Refusal(DomainError):
        code = "already_taken"

    @counting.count_picks
    def claim(lead_id, actor, at):
        raise Refusal("Somebody was faster.")

    alice = get_actor(make_person().id)
    counted = counting.PICKS.labels("already_taken")
    before = counted._value.get()
    with pytest.raises(Refusal):
        claim(1, alice, clock.now())
    assert counted._value.get() == before + 1


@factory
def mails_in_every_state(at):
    for key in ("due", "later", "failed", "sent"):
        outbox.post("password_reset", ALICE, CONTEXT, at, dedupe_key=key)
    mails = outbox.claim(at)
    outbox.put_back([mails[0].id], "no mail server (X)", at)
    outbox.note(mails[1], outbox.later(mails[1], f"recipient: 451 4.7.1 {ALICE.address}", at))
    outbox.note(mails[2], outbox.over("recipient: 550 5.1.1"))
    outbox.note(mails[3], outbox.done(mails[3], at))


def test_mails_are_told_by_state_and_reason(client):
    mails_in_every_state(clock.now())
    said = client.get("/metrics").text
    assert figure(said, "firstcome_mails", state="later") == 2
    assert figure(said, "firstcome_mails", state="failed") == 1
    assert figure(said, "firstcome_mails_sent_total", kind="password_reset") == 1
    for reason in ("away", "later", "mailbox"):
        assert figure(said, "firstcome_mail_refusals", reason=reason) == 1
    assert ALICE.address not in said
    assert "alpha.example" not in said


def test_jobs_are_counted_although_each_runs_in_a_process_of_its_own(live):
    before = live.stranger().get("/metrics").body
    live.do(jobs.soon, "mail.drain")
    live.work()
    after = live.stranger().get("/metrics").body
    labels = {"job": "mail.drain", "outcome": "done"}
    name = "firstcome_jobs_total"
    assert figure(after, name, **labels) == figure(before, name, **labels) + 1
    assert figure(after, "firstcome_job_seconds_total", **labels) > 0
    assert figure(after, "firstcome_redis_up") == 1


def test_several_processes_answer_as_one(live):
    labels = {"endpoint": "accounts.login", "status": "2xx"}
    name = "firstcome_request_seconds_count"
    before = figure(live.stranger().get("/metrics").body, name, **labels)
    # each from a connection of its own, so that both processes get some
    answers = at_once(*[lambda: live.stranger().get("/login").status] * 24)
    assert answers == [200] * 24
    for _another in range(6):
        said = live.stranger().get("/metrics").body
        # a stranger looks at the sign-in page once, too
        assert figure(said, name, **labels) >= before + 24


def test_without_redis_and_without_the_database_there_are_still_figures(app, client):
    before = app.extensions["redis"]
    app.extensions["redis"] = jobs.connect("redis://127.0.0.1:1")
    try:
        said = client.get("/metrics")
    finally:
        app.extensions["redis"] = before
    assert said.status_code == 200
    assert figure(said.text, "firstcome_redis_up") == 0
    assert figure(said.text, "firstcome_database_up") == 1


def test_no_label_is_an_id_an_address_or_a_text(app, client):
    person = make_person(make_partner("Zyx Partner"), name="Zyx Canary", email="zyx@zyx.example")
    browser = sign_in(client, person)
    lead = make_offered_lead(title="Zyx title")
    for path in (f"/leads/{lead.id}", f"/leads/{lead.id}?token=zyxtoken", "/reset/" + "5e" * 30):
        browser.get(path)
    mails_in_every_state(clock.now())
    said = client.get("/metrics").text
    words = set()
    for family in text_string_to_metric_families(said):
        if not family.name.startswith("python_"):
            for sample in family.samples:
                words |= {value for label, value in sample.labels.items() if label != "le"}
    assert words
    for word in words:
        assert re.fullmatch(r"[a-z_.-]+|[1-5]xx", word), word
    assert "zyx" not in said.lower()
    assert "5e5e" not in said
