"""Streams: who hears of what, how they begin and end, and how they live without Redis."""

from __future__ import annotations

import os
import re
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import text, update

from portal.accounts.models import Organisation, OrganisationKind, User
from portal.accounts.queries import get_actor
from portal.core import clock
from portal.core.config import Settings, SettingsMissing
from portal.core.db import session, unit_of_work
from portal.core.events import Event
from portal.core.servers import ValkeyServer
from portal.desk.live import NEWS, address, news_of
from portal.factory import create_app
from portal.offers import operations as offers
from portal.offers.events import LeadOffered
from portal.pickup import operations as pickup
from portal.web.live import MOST_EACH, WAITING, Letter, Reader, Stream
from portal.web.live import Live as House
from tests import factories
from tests.conftest import house_of_its_own, settings_for
from tests.ears import Ears
from tests.factories import (
    make_manager,
    make_offered_lead,
    make_partner,
    make_person,
    sign_in,
)
from tests.live import Live

MANY = 200
ABROAD = {"country": "US", "subdivision": "US-TX", "territories": ["US"], "city": "Austin"}


@pytest.fixture
def field(live):
    """Offer leads to this test's firms alone."""
    live.do(
        lambda: session().execute(
            update(Organisation)
            .where(Organisation.kind == OrganisationKind.RESELLER)
            .values(active=False)
        )
    )
    return live


@pytest.fixture
def ears(field):
    made = Ears(field)
    yield made
    made.close()


def offered(**over):
    return make_offered_lead(at=clock.now(), **over)


def listening(ears, *users):
    """Return an open stream for each of the people, all of them hearing."""
    opened = [ears.open(browser) for browser in ears.live.signed_in(*users)]
    ears.until(lambda ear: ear.hears, *opened)
    return opened


def take(live, lead, user):
    return live.do(lambda: pickup.claim(lead.id, get_actor(user.id), clock.now()))


def told(kind, **data):
    return lambda ear: said(ear, kind, **data)


def said(ear, kind, **data):
    """Say whether an ear has heard this."""
    return any(name == kind and data.items() <= told.items() for name, told in ear.heard)


def test_a_stream_says_how_it_wants_to_be_passed_on(ears):
    (ear,) = listening(ears, make_person())
    head = ear.raw.partition(b"\r\n\r\n")[0].decode()
    assert head.startswith("HTTP/1.1 200")
    for line in ("Content-Type: text/event-stream", "X-Accel-Buffering: no", "no-store"):
        assert line in head
    assert "Set-Cookie" not in head


def test_who_is_offered_a_lead_hears_of_it_and_of_its_end_and_nobody_else_does(ears):
    near, other, far, manager = (
        make_person(),
        make_person(),
        make_person(make_partner(**ABROAD)),
        make_manager(),
    )
    one, two, abroad, staff = listening(ears, near, other, far, manager)
    lead = offered()
    ears.until(told("lead", lead=lead.id, gone=False), one, two)
    ears.until(told("board"), staff)
    take(ears.live, lead, other)
    ears.until(told("lead", lead=lead.id, gone=True), one, two)
    ears.until(told("gate"), two)
    own = offered(country="US", subdivision="US-TX", city="Austin", latitude=30.3, longitude=-97.7)
    ears.until(told("lead", lead=own.id, gone=False), abroad)
    assert abroad.leads == {own.id}
    assert not said(one, "gate")
    assert not staff.leads
    for ear in (one, two, abroad, staff):
        kinds = {kind for kind, _data in ear.heard}
        assert kinds <= {"hello", "again", "lead", "gate", "board"}
        for kind, data in ear.heard:
            assert set(data) <= {"lead", "gone", "hears", "within"}, kind
        assert b"Kanarienwerke" not in ear.raw
        assert lead.partner_text.encode() not in ear.raw


def test_a_firm_that_does_not_see_an_offer_yet_does_not_hear_of_it(ears):
    rep = make_person()
    (ear,) = listening(ears, rep)
    lead, seen = offered(), offered()
    ears.until(told("lead", lead=seen.id, gone=False), ear)
    ears.live.do(
        lambda: session().execute(
            text("UPDATE offers SET visible_from = now() + interval '1 hour' WHERE lead_id = :id"),
            {"id": lead.id},
        )
    )
    ear.raw = b""
    take(ears.live, seen, rep)
    ears.live.do(lambda: offers.withdraw(lead.id, clock.now()))
    ears.until(told("lead", lead=seen.id, gone=True), ear)
    final = offered()
    ears.until(told("lead", lead=final.id, gone=False), ear)
    assert ear.leads == {seen.id, final.id}


def test_open_streams_and_what_they_were_told_are_counted(ears):
    def figures():
        said = ears.live.stranger().get("/metrics").body
        names = ("streams_open", "streams_begun_total", 'stream_news_total{kind="lead"}')
        found = (re.search(rf"^firstcome_{re.escape(n)} (\S+)", said, re.M) for n in names)
        return [float(one[1]) if one else 0.0 for one in found]

    people = [make_person() for _ in range(3)]
    _open, begun, told_before = figures()
    opened = listening(ears, *people)
    now_open, now_begun, _told = figures()
    assert now_open >= 3
    assert now_begun == begun + 3
    lead = offered()
    ears.until(told("lead", lead=lead.id, gone=False), *opened)
    assert figures()[2] == told_before + 3
    ears.live.do(lambda: session().execute(update(User).values(active=False)))
    ears.until(lambda ear: ear.over)
    deadline = time.monotonic() + 20
    while figures()[0] > now_open - 3:
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_what_was_rolled_back_is_not_told(ears):
    rep = make_person()
    (ear,) = listening(ears, rep)
    lead = offered()

    def break_off():
        with ears.live.app.app_context(), unit_of_work():
            pickup.claim(lead.id, get_actor(rep.id), clock.now())
            raise RuntimeError("never mind")

    with pytest.raises(RuntimeError):
        break_off()
    last = offered()
    ears.until(told("lead", lead=last.id, gone=False), ear)
    assert not said(ear, "lead", lead=lead.id, gone=True)


def test_signing_out_ends_the_streams_of_that_session_alone(ears):
    rep = make_person()
    here, there = ears.live.signed_in(rep, rep)
    mine, other = ears.open(here), ears.open(there)
    ears.until(lambda ear: ear.hears)
    assert here.post("/logout").status == 303
    ears.until(lambda ear: ear.over, mine)
    assert mine.heard[-1] == ("bye", {})
    lead = offered()
    ears.until(told("lead", lead=lead.id, gone=False), other)


def test_signing_out_everywhere_else_ends_the_streams_there(ears):
    rep = make_person()
    here, there = ears.live.signed_in(rep, rep)
    mine, other = ears.open(here), ears.open(there)
    ears.until(lambda ear: ear.hears)
    assert here.post("/settings/sessions/sign-out").status == 303
    ears.until(lambda ear: ear.over, other)
    assert other.heard[-1] == ("bye", {})
    lead = offered()
    ears.until(told("lead", lead=lead.id, gone=False), mine)


@pytest.mark.parametrize("what", ["person", "firm"])
def test_deactivation_ends_the_stream_whoever_did_it_and_by_whatever_way(ears, what):
    firm = make_partner()
    rep, manager = make_person(firm), make_manager()
    mine, staff = listening(ears, rep, manager)
    table, wanted = ("users", rep.id) if what == "person" else ("organisations", firm.id)
    statement = text(f"UPDATE {table} SET active = false WHERE id = :id")
    ears.live.do(lambda: session().execute(statement, {"id": wanted}))
    ears.until(lambda ear: ear.over, mine)
    assert mine.heard[-1] == ("bye", {})
    assert not staff.over


def test_a_person_has_so_many_streams_and_the_oldest_gives_way(ears):
    (browser,) = ears.live.signed_in(make_person())
    # two processes count for themselves: among so many one has had more than it keeps
    opened = [ears.open(browser) for _ in range(3 * MOST_EACH)]
    ears.until(lambda _ear: sum(ear.over for ear in opened) >= MOST_EACH)
    ears.until(lambda ear: ear.hears, *(ear for ear in opened if not ear.over))
    assert not opened[-1].over
    assert not said(opened[0], "bye")


def test_who_comes_back_hears_what_was_missed(ears):
    rep = make_person()
    (browser,) = ears.live.signed_in(rep)
    opened = [ears.open(browser) for _ in range(MOST_EACH)]
    ears.until(lambda ear: ear.hears)
    since = round(time.time() * 1000)
    lead = offered()
    ears.until(told("lead", lead=lead.id, gone=False), *opened)
    late = ears.open(browser, f"/stream?since={since}")
    ears.until(lambda ear: lead.id in ear.leads or said(ear, "again"), late)
    ancient = ears.open(browser, Last_Event_ID=since - 3_600_000)
    ears.until(told("again"), ancient)


def test_who_is_not_signed_in_gets_no_stream_and_who_wants_a_page_neither(live):
    assert live.stranger().get("/stream").status == 302
    ended = live.stranger().ask("GET", "/stream", headers={"Accept": "text/event-stream"})
    assert (ended.status, ended.body) == (204, "")
    (browser,) = live.signed_in(make_person())
    assert browser.get("/stream").status == 406
    head = browser.ask("HEAD", "/stream", headers={"Accept": "text/event-stream"})
    assert head.status == 200
    assert browser.get("/available").status == 200


def test_many_streams_hear_at_once_and_hold_nothing_of_the_database(ears):
    firm = make_partner()
    people = [make_person(firm) for _ in range(MANY)]
    # more than the pools of all processes hold: did each keep a connection, not all would hear
    opened = listening(ears, *people)
    assert len(opened) == MANY
    redis = ears.live.app.extensions["redis"]
    ((_name, subscriptions),) = redis.pubsub_numsub(ears.live.app.extensions["live"]._channel)
    assert subscriptions == len(ears.live.processes())
    lead = offered()
    ears.until(told("lead", lead=lead.id, gone=False), *opened)
    busy = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
        "AND pid <> pg_backend_pid() AND state <> 'idle' AND xact_start < now() - interval '2 s'"
    )
    assert ears.live.value(busy) == 0
    assert ears.live.signed_in(people[0])[0].get("/available").status == 200
    ears.live.do(lambda: session().execute(update(User).values(active=False)))
    ears.until(lambda ear: ear.over, *opened)


@pytest.fixture
def valkey(tmp_path):
    """Return a Valkey that a test may stop."""
    server = ValkeyServer(tmp_path / "valkey-of-this-test")
    server.start()
    yield server
    server.stop()


@pytest.fixture
def live_on_valkey(valkey, tmp_path):
    """Return the web on a database and a Valkey of its own."""
    with house_of_its_own(f"live_away_{os.getpid()}", valkey.url, tmp_path) as app:
        factories.make_programme()
        live = Live(app, tmp_path)
        try:
            yield live
        finally:
            live.stop()


def test_streams_outlive_redis_and_stop_with_their_process(live_on_valkey, valkey):
    live = live_on_valkey
    ears = Ears(live)
    rep, other = make_person(), make_person()
    (ear,) = listening(ears, rep)
    valkey.stop()
    ears.until(told("away"), ear)
    # Redis is away, and a pick does not wait for it
    (browser,) = live.signed_in(other)
    assert browser.post(f"/leads/{offered().id}/pickup").status == 303
    late = ears.open(live.signed_in(rep)[0])
    ears.until(lambda ear: ear.heard[:1] == [("hello", {"hears": False})] or ear.hears, late)
    valkey.start()
    ears.until(lambda ear: ear.catches_up >= 2, ear)
    # who commits leaves Redis alone for some seconds after it was away, so that is said once more
    ears.until(lambda ear: ear.catches_up >= 3, ear)
    lead = offered()
    ears.until(told("lead", lead=lead.id, gone=False), ear)
    live.web.terminate()
    ears.until(lambda ear: ear.over)
    live.web.wait(20)
    ears.close()


def test_a_reader_who_is_too_slow_is_let_go():
    class Nobody:
        def leave(self, _stream):
            left.append(True)

    left: list[bool] = []
    stream = Stream(Nobody(), Reader(1, 1, frozenset()), b"hello", None)
    for number in range(WAITING + 1):
        stream.put(b"%d" % number)
    with pytest.raises(StopIteration):
        next(stream)
    stream.close()
    assert left


def test_a_stream_ends_after_its_last_words():
    stream = Stream(None, Reader(1, 1, frozenset()), b"hello ", None)
    stream.put(b"one ")
    stream.end(b"bye")
    assert next(stream) == b"hello one bye"
    with pytest.raises(StopIteration):
        next(stream)


def test_a_stream_that_comes_while_its_process_stops_is_sent_on_and_not_refused(app):
    live = House(app, "", lambda _event: (), lambda _items: (), lambda _ids: ())
    live.close()
    stream = live.open(Reader(1, 1, frozenset()), time.time())
    assert b"event: hello" in next(stream)
    with pytest.raises(StopIteration):
        next(stream)
    stream.close()
    assert live.open_streams == 0


def test_a_letter_holds_a_kind_and_an_id():
    letter = Letter("lead", frozenset({"offers:7"}), 12, True)
    assert letter.said(2.5, 2) == (
        b'id: 2500\nevent: lead\ndata: {"within": 300, "lead": 12, "gone": true}\n\n'
    )
    many = Letter("board", frozenset({"board"})).said(1, 2000)
    assert many == b'id: 1000\nevent: board\ndata: {"within": 20000}\n\n'


def test_every_event_that_is_news_is_known_and_told_in_ids(ctx):
    factories.make_programme()
    lead = factories.make_lead()
    for kind in NEWS:
        assert Event.known[kind.__name__] is kind
    event = LeadOffered(at=clock.now(), lead_id=lead.id, round_id=1, number=1, organisation_ids=[3])
    items = list(news_of(event))
    assert items == [{"kind": "offer", "lead": lead.id}, {"kind": "board"}]
    # nobody is offered it in the database, so nobody hears of it
    assert [letter.topics for letter in address(items)] == [frozenset(), frozenset({"board"})]


def test_streams_on_a_port_of_their_own_are_allowed_by_name(app, tmp_path):
    ours = app.config["SETTINGS"]
    settings = settings_for(
        ours.database_url,
        ours.redis_url,
        tmp_path,
        PUBLIC_URL="https://x.example",
        STREAM_URL="https://x.example:8443/",
    )
    with create_app(settings).test_client() as client:
        page = client.get("/login", base_url="https://x.example")
    policy = page.headers["Content-Security-Policy"]
    assert "connect-src 'self' https://x.example:8443;" in policy
    assert settings.stream_url == "https://x.example:8443"


def test_a_stream_on_a_port_of_its_own_is_read_by_our_pages_alone(app, client, monkeypatch):
    factories.make_programme()
    sign_in(client, make_person())
    pages, streams = "https://x.example", "https://x.example:8443"
    ours = replace(app.config["SETTINGS"], public_url=pages, stream_url=streams)
    monkeypatch.setitem(app.config, "SETTINGS", ours)
    told = {
        origin: client.head("/stream", headers={"Origin": origin}).headers
        for origin in (pages, streams, "https://evil.example", "http://x.example", "null")
    }
    assert told[pages]["Access-Control-Allow-Origin"] == pages
    assert told[pages]["Access-Control-Allow-Credentials"] == "true"
    assert "Origin" in told[pages]["Vary"]
    for origin in told.keys() - {pages}:
        assert not [name for name, _value in told[origin] if name.startswith("Access-Control")]


def test_streams_on_another_host_are_refused_by_name():
    told = {"FIRSTCOME_LOCAL": "1", "PUBLIC_URL": "https://x.example"}
    with pytest.raises(SettingsMissing, match="STREAM_URL"):
        Settings.from_environment({**told, "STREAM_URL": "https://streams.example"})
    assert Settings.from_environment(told).stream_url == ""


def test_pages_say_where_their_stream_is_and_only_to_who_is_signed_in(live):
    (browser,) = live.signed_in(make_person())
    page = browser.get("/available").body
    assert re.search(r'data-stream="/stream" data-at="\d+"', page)
    assert "data-stream" not in live.stranger().get("/login").body


def test_a_crowd_may_come_and_go_and_leaves_nothing_behind(ears):
    """Streams whose pages have gone give way to new ones; the process keeps serving."""
    browsers = ears.live.signed_in(*(make_person() for _ in range(10)))
    for _ in range(3):
        crowd = Ears(ears.live)
        with ThreadPoolExecutor(10) as pool:
            list(pool.map(crowd.open, browsers))
        crowd.until(lambda ear: ear.heard)
        crowd.close()
    assert browsers[0].get("/available").status == 200
