"""Twenty at a time try wrong passwords, and the pages of those who work meanwhile.

Each password is tried for another account from another address, so that no limit spares us the
hashing. Who works reads the page of what is available, over as many connections in the flood as
in the calm before.
"""

from __future__ import annotations

import http.client
import threading
import time
from collections import Counter
from statistics import median
from urllib.parse import urlencode

from bench import data
from bench.house import Database, House, Web
from bench.load import Ask, Said, fire
from bench.table import Measured, cost_line

FLOOD, READERS, CONNECTIONS, SECONDS = 20, 40, 2, 10
FIRMS, LEADS = 8, 40
GOAL = 1000.0


class Flood:
    """So many connections that send wrong passwords, each as soon as the last one was answered."""

    def __init__(self, web: Web, cookie: str, csrf: str) -> None:
        self._port, self._cookie, self._csrf = web.port, cookie, csrf
        self.said: Counter[int] = Counter()
        self.waited: list[float] = []
        self._over = threading.Event()
        self._threads = [
            threading.Thread(target=self._try_passwords, args=(number,)) for number in range(FLOOD)
        ]
        for thread in self._threads:
            thread.start()

    def _try_passwords(self, number: int) -> None:
        link = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        tried = 0
        while not self._over.is_set():
            tried += 1
            form = {
                "csrf_token": self._csrf,
                "email": f"person{number}-{tried}@nowhere.example",
                "password": "wrong wrong wrong",
            }
            headers = {
                "Content-Type": "application/x-www-form-urlencoded",
                "Cookie": self._cookie,
                "X-Forwarded-For": f"10.{number}.{tried // 250}.{tried % 250}",
            }
            began = time.monotonic()
            link.request("POST", "/login", urlencode(form), headers)
            answer = link.getresponse()
            answer.read()
            self.said[answer.status] += 1
            if answer.status == 422:
                self.waited.append(time.monotonic() - began)
        link.close()

    def stop(self) -> None:
        """Stop and wait for the last answers."""
        self._over.set()
        for thread in self._threads:
            thread.join()


def measure(house: House) -> Measured:
    """Return the 95th percentile of the milliseconds that a page takes in the flood."""
    with house.database("flood") as database:
        readers = _fill(database)
        visitor = data.cookie_for(database.app)
        with database.web(PROXY_HOPS="1") as web:
            asks = [Ask("GET", "/available", reader.cookie) for reader in readers]

            def read(seconds: int) -> Said:
                return fire(
                    web.port, asks, connections=CONNECTIONS, folder=house.folder, seconds=seconds
                )

            read(2)
            calm = read(SECONDS)
            before, flood = web.cpu(), Flood(web, *visitor)
            try:
                wet = read(SECONDS)
            finally:
                flood.stop()
            cost = cost_line(before, web.cpu(), wet.answered)
    if calm.refused or wet.refused or calm.trouble or wet.trouble or set(flood.said) - {422, 429}:
        raise RuntimeError(f"not as it should be: {calm}, {wet}, {flood.said}")
    return Measured(
        "sign_in_flood",
        wet.p95,
        "ms",
        n=FLOOD,
        c=CONNECTIONS,
        goal=f"p95 of others < {GOAL:.0f} ms",
        met=wet.p95 < GOAL,
        notes=[
            _line("calm", calm),
            _line("in the flood", wet),
            (
                f"{flood.said[422]} passwords were tried ({flood.said[422] / SECONDS:.0f}/s), an "
                f"answer took {median(flood.waited):.1f} s; {flood.said[429]} were to come back"
            ),
            "    hashes included: " + cost,
        ],
    )


def _fill(database: Database) -> list[data.Rep]:
    with database.connect() as link:
        firms = data.add_firms(link, FIRMS)
        readers = data.add_reps(link, database.app, FIRMS, READERS // FIRMS)
        data.hold_one_each(link, readers)
        data.add_leads(link, LEADS)
        data.offer_leads(link, firms, FIRMS)
    database.settle()
    return readers


def _line(words: str, said: Said) -> str:
    return (
        f"{words}: {said.rate:.0f} pages/s over {CONNECTIONS} connections, p50 {said.p50:.0f} ms, "
        f"p95 {said.p95:.0f} ms, p99 {said.p99:.0f} ms"
    )
