"""Inquiries over HTTP, all included: by a web form, and from another system, one a request.

Every post is another person's, from another address for each few of them. Afterwards the database
is asked whether every answer is one lead.
"""

from __future__ import annotations

import http.client
import json
import time
from abc import ABC, abstractmethod
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import timedelta
from statistics import median, quantiles
from urllib.parse import urlencode

from sqlalchemy import select

from bench.house import Database, House
from bench.table import Measured, cost_line
from portal.accounts.api_tokens import Scope, make_token
from portal.accounts.models import Organisation, OrganisationKind, User
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

BY_FORM = """
SELECT (SELECT count(*) FROM web_form_entries WHERE state = 'taken'),
  (SELECT count(DISTINCT lead_id) FROM web_form_entries),
  (SELECT count(*) FROM leads WHERE source_system = 'web-form'),
  (SELECT count(*) FROM events WHERE name = 'FormAnswered')
"""
BY_SYSTEM = """
SELECT (SELECT count(*) FROM leads WHERE source_system = 'bench'),
  (SELECT count(DISTINCT external_id) FROM leads WHERE source_system = 'bench'),
  (SELECT count(*) FROM events WHERE name = 'LeadCaptured')
"""
SAID = "Fourteen cabinets before March, and an offer for their care."


@dataclass(frozen=True, slots=True)
class Said:
    """What became of a run: how fast, and how long one waited, in ms."""

    rate: float
    p50: float
    p95: float


class Posts(ABC):
    """The inquiries that are still to be sent, and the thanks so far."""

    path: str
    good: int
    counted: str

    def __init__(self, database: Database) -> None:
        self.database, self.thanks = database, 0
        with database.app.app_context(), unit_of_work():
            self.prepare()

    @abstractmethod
    def prepare(self) -> None:
        """Make what takes the inquiries in."""

    @abstractmethod
    def body(self, number: int) -> bytes:
        """Return what one person's inquiry says."""

    @abstractmethod
    def headers(self, place: int) -> dict[str, str]:
        """Return how it comes, from the address with this number."""

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
        headers = self.headers(number // OF_ONE_ADDRESS)
        link = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        waits = []
        for body in bodies:
            began = time.perf_counter()
            link.request("POST", self.path, body, headers)
            answer = link.getresponse()
            said = answer.read()
            waits.append(time.perf_counter() - began)
            if answer.status != self.good or b"refused" in said:
                raise RuntimeError(f"it was refused: {answer.status} {said[:300]!r}")
        link.close()
        return waits

    def check(self) -> str:
        """Ask the database whether each answer is one of everything."""
        with self.database.connect() as link:
            row = link.execute(self.counted).fetchone()
        if row is None or set(row) != {self.thanks}:
            raise RuntimeError(f"{self.thanks} answers, but in the database: {row}")
        return f"{self.thanks} answers, as many leads and events"


class Forms(Posts):
    """People who fill in a form on a page that they opened half a minute ago."""

    path, good, counted = "/f/bench", 303, BY_FORM

    def prepare(self) -> None:
        """Make a form that asks nobody once more, however many come."""
        session().add(
            WebForm(
                key="bench",
                kind=FormKind.CONTACT,
                name="Bench",
                words=START_WORDS[FormKind.CONTACT],
                fields=[asdict(one) for one in START_FIELDS[FormKind.CONTACT]],
                type_key="organisation",
                calm=1_000_000,
                created_at=clock.now(),
            )
        )

    def body(self, number: int) -> bytes:
        """Return what one person fills in."""
        mark = Mark("bench", clock.now() - timedelta(seconds=30), nonce=marks.new_nonce())
        return urlencode(
            {
                "mark": marks.issue(mark),
                "company": f"Firm {number} of the bench",
                "first_name": "Anna",
                "last_name": f"Person{number}",
                "email": f"person{number}@firm{number}.example",
                "phone": f"+49 511 {1_000_000 + number}",
                "country": "DE",
                "message": SAID,
            }
        ).encode()

    def headers(self, place: int) -> dict[str, str]:
        """Return how a browser sends it."""
        return {
            "Content-Type": "application/x-www-form-urlencoded",
            "X-Forwarded-For": f"10.{place // 62_500}.{place // 250 % 250}.{place % 250}",
        }


class Rows(Posts):
    """Another system that brings each inquiry as it comes."""

    path, good, counted = "/api/v1/leads", 200, BY_SYSTEM

    def prepare(self) -> None:
        """Give the system a token, in the name of somebody of the vendor."""
        at = clock.now()
        vendor = select(Organisation.id).where(Organisation.kind == OrganisationKind.VENDOR)
        user = User(
            organisation_id=session().scalar(vendor),
            email="crm@vendor.example",
            name="CRM",
            roles=["admin"],
            locale="en",
            timezone="Europe/Berlin",
            active=True,
            created_at=at,
        )
        session().add(user)
        session().flush()
        _row, self.secret = make_token(user.email, "CRM", [Scope.LEADS_WRITE], at, system="bench")

    def body(self, number: int) -> bytes:
        """Return one inquiry as the system says it."""
        contact = {
            "name": f"Anna Person{number}",
            "email": f"person{number}@firm{number}.example",
            "phone": f"+49 511 {1_000_000 + number}",
        }
        row = {
            "external_id": str(number),
            "title": "Fourteen cabinets before March",
            "source": "Trade show",
            "company": f"Firm {number} of the bench",
            "country": "DE",
            "contact": contact,
            "note": SAID,
            "basis": {"kind": "asked"},
        }
        return json.dumps({"leads": [row]}).encode()

    def headers(self, place: int) -> dict[str, str]:
        """Return how the system sends it."""
        return {"Content-Type": "application/json", "Authorization": f"Bearer {self.secret}"}


def measure_forms(house: House) -> Measured:
    """Return forms taken in per second."""
    with house.database("forms") as database:
        return _measure("form_http", Forms(database))


def measure_rows(house: House) -> Measured:
    """Return inquiries of another system taken in per second, one a request."""
    with house.database("rows") as database:
        return _measure("capture_http", Rows(database))


def _measure(name: str, posts: Posts) -> Measured:
    with posts.database.web(PROXY_HOPS="1") as web:
        posts.send(web.port, WARM_UP)
        before = web.cpu()
        runs = [posts.send(web.port, POSTS) for _round in range(ROUNDS)]
        cost = cost_line(before, web.cpu(), POSTS * ROUNDS)
    checked = posts.check()
    value = median(said.rate for said in runs)
    lines = [f"{said.rate:.0f}/s, p50 {said.p50:.0f} ms, p95 {said.p95:.0f} ms" for said in runs]
    return Measured(
        name,
        value,
        "requests/s",
        ceiling=None,
        n=POSTS * ROUNDS,
        c=CONNECTIONS,
        goal=f"at least {GOAL:.0f}/s",
        met=value >= GOAL,
        notes=[*lines, "    " + cost, checked],
    )
