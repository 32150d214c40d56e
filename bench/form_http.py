"""Inquiries by a web form over HTTP, all included: marks, limits, entry, lead, contact, events.

Every post is another person's, from another address for each few of them. Afterwards the database
is asked whether every thanks is one entry and one lead.
"""

from __future__ import annotations

import http.client
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import timedelta
from statistics import median, quantiles
from urllib.parse import urlencode

from bench.house import Database, House
from bench.table import Measured, cost_line
from portal.core import clock
from portal.core.db import session, unit_of_work
from portal.web_forms import marks
from portal.web_forms.marks import Mark
from portal.web_forms.models import FormKind, WebForm
from portal.web_forms.starting import START_FIELDS, START_WORDS

CONNECTIONS = 16
WARM_UP, POSTS, ROUNDS = 200, 1200, 2
OF_ONE_ADDRESS = 8
GOAL = 100.0

COUNTED = """
SELECT (SELECT count(*) FROM web_form_entries WHERE state = 'taken'),
  (SELECT count(DISTINCT lead_id) FROM web_form_entries),
  (SELECT count(*) FROM leads WHERE source_system = 'web-form'),
  (SELECT count(*) FROM events WHERE name = 'FormAnswered')
"""


@dataclass(frozen=True, slots=True)
class Said:
    """What became of a run: how fast, and how long one waited, in ms."""

    rate: float
    p50: float
    p95: float


class Posts:
    """The inquiries that are still to be sent, and the thanks so far."""

    def __init__(self, database: Database) -> None:
        self.database, self.thanks = database, 0
        with database.app.app_context(), unit_of_work():
            made = WebForm(
                key="bench",
                kind=FormKind.CONTACT,
                name="Bench",
                words=START_WORDS[FormKind.CONTACT],
                fields=[asdict(one) for one in START_FIELDS[FormKind.CONTACT]],
                type_key="organisation",
                # nobody is asked once more, however many come
                calm=1_000_000,
                created_at=clock.now(),
            )
            session().add(made)
            self.key = made.key

    def body(self, number: int) -> bytes:
        """Return what a person sends who opened the page half a minute ago."""
        mark = Mark(self.key, clock.now() - timedelta(seconds=30), nonce=marks.new_nonce())
        return urlencode(
            {
                "mark": marks.issue(mark),
                "company": f"Firm {number} of the bench",
                "first_name": "Anna",
                "last_name": f"Person{number}",
                "email": f"person{number}@firm{number}.example",
                "phone": f"+49 511 {1_000_000 + number}",
                "country": "DE",
                "message": "Fourteen cabinets before March, and an offer for their care.",
            }
        ).encode()

    def send(self, port: int, count: int) -> Said:
        """Send so many at 16 connections."""
        first = self.thanks
        with self.database.app.app_context():
            bodies = [self.body(first + number) for number in range(count)]
        few = [
            (first + at, bodies[at : at + OF_ONE_ADDRESS]) for at in range(0, count, OF_ONE_ADDRESS)
        ]
        began = time.perf_counter()
        with ThreadPoolExecutor(CONNECTIONS) as pool:
            waits = [
                wait
                for some in pool.map(lambda part: self._post(port, *part), few)
                for wait in some
            ]
        seconds = time.perf_counter() - began
        self.thanks += count
        return Said(count / seconds, median(waits) * 1000, quantiles(waits, n=20)[18] * 1000)

    def _post(self, port: int, number: int, bodies: list[bytes]) -> list[float]:
        place = number // OF_ONE_ADDRESS
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "X-Forwarded-For": f"10.{place // 62_500}.{place // 250 % 250}.{place % 250}",
        }
        link = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        waits = []
        for body in bodies:
            began = time.perf_counter()
            link.request("POST", f"/f/{self.key}", body, headers)
            answer = link.getresponse()
            said = answer.read()
            waits.append(time.perf_counter() - began)
            if answer.status != 303:
                raise RuntimeError(f"a form was refused: {answer.status} {said[:300]!r}")
        link.close()
        return waits

    def check(self) -> str:
        """Ask the database whether each thanks is one entry and one lead."""
        with self.database.connect() as link:
            row = link.execute(COUNTED).fetchone()
        if row is None or set(row) != {self.thanks}:
            raise RuntimeError(f"{self.thanks} thanks, but entries, leads, events: {row}")
        return f"{self.thanks} thanks = entries = leads = events"


def measure(house: House) -> Measured:
    """Return forms taken in per second."""
    with house.database("forms") as database:
        posts = Posts(database)
        with database.web(PROXY_HOPS="1") as web:
            posts.send(web.port, WARM_UP)
            before = web.cpu()
            runs = [posts.send(web.port, POSTS) for _round in range(ROUNDS)]
            cost = cost_line(before, web.cpu(), POSTS * ROUNDS)
        checked = posts.check()
    value = median(said.rate for said in runs)
    lines = [f"{said.rate:.0f}/s, p50 {said.p50:.0f} ms, p95 {said.p95:.0f} ms" for said in runs]
    return Measured(
        "form_http",
        value,
        "requests/s",
        ceiling=None,
        n=POSTS * ROUNDS,
        c=CONNECTIONS,
        goal=f"at least {GOAL:.0f}/s",
        met=value >= GOAL,
        notes=[*lines, "    " + cost, checked],
    )
