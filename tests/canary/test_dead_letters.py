"""Canaries where things go wrong or leave the house: mails, links, streams, figures, dead letters.

A database and a mail server that quote contact data in what they refuse are the worst that can
happen to a job; whatever it leaves behind must not repeat their words.
"""

from __future__ import annotations

import re
import zlib
from contextlib import suppress
from dataclasses import dataclass, field

import pytest
from aiosmtpd.controller import Controller
from rq import Queue
from rq.serializers import JSONSerializer
from sqlalchemy import text

from portal.core import clock, jobs
from portal.core.db import session
from portal.core.mail import outbox
from tests.canary.test_canary import Aviary
from tests.core.posting import Server
from tests.ears import Ears
from tests.world import SIGNED_OUT, marks_of

REGISTRIES = (
    "failed_job_registry",
    "started_job_registry",
    "deferred_job_registry",
    "finished_job_registry",
    "scheduled_job_registry",
    "canceled_job_registry",
)
QUOTING = """
    CREATE FUNCTION quote_it() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      PERFORM set_config('app.contacts', 'search', true);
      RAISE EXCEPTION 'I do not like %', (SELECT string_agg(c::text, ' ') FROM lead_contacts c);
    END $$;
    CREATE TRIGGER quote_mails BEFORE INSERT ON outgoing_emails
    FOR EACH ROW EXECUTE FUNCTION quote_it();
    CREATE TRIGGER quote_pickups BEFORE UPDATE ON pickups
    FOR EACH ROW EXECUTE FUNCTION quote_it();
"""
WELL = "DROP FUNCTION quote_it() CASCADE"
LINK = re.compile(r"http://127\.0\.0\.1:\d+(/m/[A-Za-z0-9_-]+[^\s\"'<>)]*)")


class Quoting(Server):
    """Refuses every mail with words of the mail, until it is content."""

    def __init__(self):
        super().__init__()
        self.content, self.quoted = False, []

    async def handle_DATA(self, server, session, envelope):
        if self.content:
            return await super().handle_DATA(server, session, envelope)
        said = envelope.content.decode("utf-8", "replace").lower()
        found = re.findall(r"zyx\d{3}qv", said)
        self.quoted += found
        return f"550 5.7.1 we do not want {' '.join(found)[:300]}"


@dataclass
class Evening:
    """What was left behind when all went wrong, and what was said when it was well again."""

    aviary: Aviary
    rows: dict[str, list[str]] = field(default_factory=dict)
    redis: list[str] = field(default_factory=list)
    failures: dict[str, int] = field(default_factory=dict)
    mails: list[object] = field(default_factory=list)
    heard: dict[str, str] = field(default_factory=dict)
    quoted: list[str] = field(default_factory=list)

    def keep(self):
        """Remember what stands in tables and in Redis now."""
        live = self.aviary.live
        for table in ("job_failures", "deliveries", "events", "event_private", "notices"):
            found = live.rows(f"SELECT t::text FROM {table} AS t")
            self.rows.setdefault(table, []).extend(row[0] for row in found)
        errors = live.rows("SELECT error FROM outgoing_emails WHERE error IS NOT NULL")
        self.rows.setdefault("errors of mails", []).extend(row[0] for row in errors)
        self.redis += everything_in(live.app.extensions["redis"])


def everything_in(redis):
    """Return every key and value as text; what RQ has packed is unpacked."""
    for key in redis.scan_iter():
        kind = redis.type(key)
        values = {
            b"string": lambda key: [redis.get(key)],
            b"hash": lambda key: [part for pair in redis.hgetall(key).items() for part in pair],
            b"list": lambda key: redis.lrange(key, 0, -1),
            b"set": redis.smembers,
            b"zset": lambda key: redis.zrange(key, 0, -1),
            b"stream": lambda key: [repr(redis.xrange(key)).encode()],
        }[kind](key)
        for value in (key, *values):
            yield unpacked(value or b"")


def unpacked(value):
    with suppress(zlib.error):
        value = zlib.decompress(value)
    return value.decode("utf-8", "replace")


@pytest.fixture(scope="module")
def evening(served):
    live, found = served, Evening(Aviary(served))
    server = Quoting()
    port = int(live.env["SMTP_URL"].rpartition(":")[2])
    controller = Controller(server, hostname="127.0.0.1", port=port)
    controller.start()
    ears = Ears(live)
    try:
        go_through(found, server, ears)
    finally:
        ears.close()
        controller.stop()
    return found


def go_through(evening, server, ears):
    """Break everything, let it be well, and write down what was seen."""
    aviary = evening.aviary
    live, world = aviary.live, aviary.world
    listening = {
        name: ears.open(reader) for name, reader in aviary.readers.items() if name != SIGNED_OUT
    }
    for ear in listening.values():
        ears.until(lambda ear: ear.hears, ear)
    # a database that quotes
    live.do(run, QUOTING)
    live.do(queue_debt, world.pickups["held"])
    live.work()
    live.do(run, "UPDATE deliveries SET due_at = now() WHERE done_at IS NULL")
    live.work()
    evening.failures["reactions"] = live.value(
        "SELECT count(*) FROM deliveries WHERE done_at IS NULL AND attempts > 0"
    )
    evening.failures["jobs"] = live.value("SELECT max(attempts) FROM job_failures")
    evening.keep()
    live.do(run, WELL)
    # a mail server that quotes
    answer = aviary.readers["bob"].post(f"/leads/{world.leads['offered']}/pickup")
    assert answer.status == 303, answer.verdict
    live.do(run, "UPDATE deliveries SET due_at = now() WHERE done_at IS NULL")
    live.work()
    evening.failures["mails"] = live.value(
        "SELECT count(*) FROM outgoing_emails WHERE status = 'failed'"
    )
    evening.keep()
    # all is well
    server.content = True
    live.do(outbox.retry_failed, clock.now())
    live.work()
    evening.keep()
    evening.mails, evening.quoted = server.mails, server.quoted
    ears.until(lambda ear: bool(ear.leads), listening["bob"])
    evening.heard = {name: ear.raw.decode() for name, ear in listening.items()}


def run(statement):
    session().execute(text(statement))


def queue_debt(pickup_id):
    """Let a pickup become overdue, and queue the job that finds it out."""
    late = "UPDATE pickups SET feedback_due_at = now() - interval '9 days' WHERE id = :id"
    session().execute(text("ALTER TABLE pickups DISABLE TRIGGER quote_pickups"))
    session().execute(text(late), {"id": pickup_id})
    session().execute(text("ALTER TABLE pickups ENABLE TRIGGER quote_pickups"))
    jobs.soon("pickup.mark_debts", {"id": pickup_id})


def text_of(mail):
    """Return everything that a mail says, headers and all parts."""
    parts = [part.get_content() for part in mail.walk() if not part.is_multipart()]
    return "\n".join([*(f"{name}: {value}" for name, value in mail.items()), *parts])


def test_the_traps_work(evening):
    assert evening.failures["reactions"] > 0
    assert evening.failures["jobs"] > 1
    assert evening.failures["mails"] > 0
    assert evening.quoted
    assert any("rq:" in said for said in evening.redis)
    assert evening.aviary.singing(unpacked(zlib.compress(marks_of(1)[0].encode()))) == {1}


def test_no_dead_letter_quotes_a_contact(evening):
    for table, rows in evening.rows.items():
        for row in rows:
            assert not evening.aviary.singing(row), table
    assert evening.rows["job_failures"]
    assert evening.rows["errors of mails"]


def test_redis_and_its_registries_hold_no_contact(evening):
    for said in evening.redis:
        assert not evening.aviary.singing(said), said[:60]
    redis = evening.aviary.live.app.extensions["redis"]
    for name in jobs.QUEUES:
        queue = Queue(name, connection=redis, serializer=JSONSerializer)
        for registry in REGISTRIES:
            for job_id in getattr(queue, registry).get_job_ids(cleanup=False):
                assert not evening.aviary.singing(str(job_id))


def test_the_logs_of_web_and_worker_hold_no_contact(evening):
    said = evening.aviary.live.said()
    assert "reaction failed" in said
    assert "job failed" in said
    assert not evening.aviary.singing(said)


def test_a_mail_tells_of_a_contact_to_its_holder_alone(evening):
    world = evening.aviary.world
    holders = {
        number: world.people["bob" if name == "offered" else "alice"].email
        for name, number in world.numbers.items()
    }
    sung = set()
    for mail in evening.mails:
        for number in evening.aviary.singing(text_of(mail)):
            sung.add(number)
            assert mail["To"].addresses[0].addr_spec == holders[number], mail["Subject"]
            assert not evening.aviary.singing(str(mail["Subject"]))
    assert world.numbers["offered"] in sung
    assert len({mail["Subject"] for mail in evening.mails}) > 2


def test_the_pages_behind_the_links_of_mails_tell_of_no_contact(evening):
    stranger = evening.aviary.live.stranger()
    links = {link for mail in evening.mails for link in LINK.findall(text_of(mail))}
    assert len(links) > 4
    for link in sorted(links):
        for method in ("GET", "HEAD", "OPTIONS"):
            answer = stranger.ask(method, link.replace("&amp;", "&"))
            assert answer.status < 500
            assert not evening.aviary.singing(answer.body + str(answer.headers)), link[:4]


def test_no_stream_tells_of_a_contact(evening):
    assert '"lead"' in evening.heard["bob"]
    for name, said in evening.heard.items():
        assert not evening.aviary.singing(said), name


def test_the_figures_tell_of_nobody(evening):
    answer = evening.aviary.live.stranger().get("/metrics")
    assert answer.status == 200
    assert "firstcome_job_failures" in answer.body
    assert not evening.aviary.singing(answer.body)
    assert "@" not in answer.body
    for person in evening.aviary.world.people.values():
        assert person.name not in answer.body
