"""`python -m bench.incoming_flood`: 10,000 (FLOOD_MAILS) answers by mail at once, half of one firm.

Each is the answer to a question about a lead of its own. They go to the listener over eight
connections, those of the loud firm first, while one worker reads, another does all else and people
look at what is available at a steady pace. Told at the end: how long each firm waited, how many
mails a second were read, how long pages took before and meanwhile, and whether each mail had one
effect and one answer.
"""

from __future__ import annotations

import http.client
import math
import os
import secrets
import smtplib
import socket
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from email import policy
from email.message import EmailMessage
from statistics import median

import psycopg

from bench import data, table
from bench.beside import beside
from bench.house import PATIENCE, Database, House, Web
from portal.core.mail import replies
from portal.core.servers import free_port

FIRMS, LEADS, OFFERED_TO = 40, 2_000, 4
EACH = 25
"""Answers of one person: of thirty within an hour the portal reads no more."""
CONNECTIONS, READERS = 8, 40
PACE, CALM = 0.2, 30.0
"""Seconds from one page to the next, and for which pages are measured before the flood."""
LOOK, SAY = 1.0, 30.0
"""Seconds from one look at what waits to the next, and from one line about it to the next."""
GOAL = 1.5
"""The 95th percentile of pages may grow by half, and by ten milliseconds."""
PATIENT = 1.5
"""So many times what taking turns gives a quiet firm may wait; in the order of their coming it is
twice."""
WORKERS = ("worker now mail bulk", "worker incoming")

TOKENS = """
INSERT INTO reply_tokens (secret_hash, message_hash, mail_key, user_id, topic, lead_id, pickup_id,
  mark, created_at, expires_at, uses)
SELECT secret, secret, 'bench:' || p.id, p.user_id, 'question', p.lead_id, p.id, p.id || ':0',
  now(), now() + interval '30 days', 0
FROM unnest(%(leads)s::bigint[], %(secrets)s::bytea[]) AS s(lead_id, secret)
JOIN pickups p ON p.lead_id = s.lead_id
"""
LEFT = """
SELECT (SELECT count(*) FROM inbound_messages WHERE processed_at IS NULL),
  (SELECT count(*) FROM deliveries WHERE done_at IS NULL AND failed_at IS NULL)
  + (SELECT count(*) FROM outgoing_emails WHERE status IN ('queued', 'sending'))
"""
DONE = """
SELECT u.organisation_id, count(*),
  extract(epoch FROM percentile_cont(0.5) WITHIN GROUP (ORDER BY m.processed_at - b.began)),
  extract(epoch FROM max(m.processed_at - b.began))
FROM inbound_messages m JOIN users u ON u.id = m.user_id,
  (SELECT min(received_at) AS began FROM inbound_messages) AS b
GROUP BY 1 ORDER BY 2 DESC, 4
"""
ONCE = """
SELECT (SELECT count(*) FROM inbound_messages WHERE state = 'applied') AS applied,
  (SELECT count(*) FROM feedback WHERE channel = 'mail') AS effects,
  (SELECT count(DISTINCT pickup_id) FROM feedback WHERE channel = 'mail') AS leads,
  (SELECT count(*) FROM outgoing_emails WHERE kind = 'recorded') AS answers,
  (SELECT count(DISTINCT lead_id) FROM outgoing_emails WHERE kind = 'recorded') AS answered,
  (SELECT count(*) FROM job_failures WHERE name LIKE 'inbound.%' OR name LIKE 'notifications.%')
    AS failures
"""
ANSWERED = """
SELECT extract(epoch FROM percentile_cont(0.5) WITHIN GROUP (ORDER BY o.sent_at - m.processed_at)),
  extract(epoch FROM max(o.sent_at - m.processed_at))
FROM outgoing_emails o JOIN inbound_messages m ON m.lead_id = o.lead_id
WHERE o.kind = 'recorded' AND o.sent_at IS NOT NULL
"""


@dataclass(frozen=True)
class Answer:
    """A mail that is sent: to which address of ours, from whom, and its text."""

    to: str
    sender: str
    raw: bytes


def share(mails: int, firms: int) -> list[int]:
    """Return how many mails each firm sends: the first one half, the others the same."""
    rest = mails - mails // 2
    few, more = divmod(rest, firms - 1)
    return [mails // 2, *(few + (n < more) for n in range(firms - 1))]


def write_mails(
    link: psycopg.Connection, reps: Sequence[data.Rep], shares: Sequence[int], domain: str
) -> list[Answer]:
    """Have people hold a lead for each mail, and return their answers, firm by firm."""
    firms = sorted({rep.firm_id for rep in reps})
    of_firm = {firm: [rep for rep in reps if rep.firm_id == firm] for firm in firms}
    who = [of_firm[f][n // EACH] for f, s in zip(firms, shares, strict=True) for n in range(s)]
    leads = data.add_leads(link, len(who), state="qualified")
    link.execute(
        data.HELD,
        {
            "leads": leads,
            "people": [one.user_id for one in who],
            "firms": [one.firm_id for one in who],
        },
    )
    tokens = [replies.new_token() for _one in who]
    hashes = [replies.hash_token(one) for one in tokens]
    link.execute(TOKENS, {"leads": leads, "secrets": hashes})
    emails = dict(link.execute("SELECT id, email FROM users").fetchall())
    link.commit()
    return [
        write(f"{replies.LOCAL}+{token}@{domain}", emails[rep.user_id])
        for token, rep in zip(tokens, who, strict=True)
    ]


def write(to: str, sender: str) -> Answer:
    """Return an answer as mail programs write it: in text and HTML, with our mail quoted."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sender, to, "Re: How far is it?"
    mail["Message-ID"] = f"<{secrets.token_hex(12)}@mail.example>"
    asked = [f"Line {n} of the question that was asked about this lead." for n in range(30)]
    said = ["WAITING", "", "I sent the documents and call again next week."]
    began = "On Mon, 16 Nov 2026 at 10:02, Firstcome wrote:"
    mail.set_content("\n".join([*said, "", began, *(f"> {line}" for line in asked)]))
    quoted = "\n".join(f"<p>{line}</p>" for line in asked)
    mail.add_alternative(
        f"<div>{'<br>'.join(said)}</div><div class=gmail_quote>{began}<blockquote>{quoted}"
        "</blockquote></div>",
        subtype="html",
    )
    return Answer(to, sender, mail.as_bytes(policy=policy.SMTP))


def await_listener(port: int) -> None:
    """Wait until mail is taken in."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=5):
                return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


def send(port: int, mails: Sequence[Answer], connections: int = CONNECTIONS) -> None:
    """Hand mails to the listener, in their order, over several connections at once."""
    waiting = iter(mails)
    trouble: list[Exception] = []

    def work() -> None:
        try:
            with smtplib.SMTP("127.0.0.1", port, timeout=60) as server:
                while mail := next(waiting, None):
                    server.sendmail(mail.sender, [mail.to], mail.raw)
        except Exception as error:  # noqa: BLE001 (told by who waits for the thread)
            trouble.append(error)

    threads = [threading.Thread(target=work) for _one in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if trouble:
        raise trouble[0]


class Readers(threading.Thread):
    """People who look at what is available, one page after the other at a steady pace."""

    def __init__(self, web: Web, reps: Sequence[data.Rep]) -> None:
        super().__init__(daemon=True)
        self.port, self.reps = web.port, reps
        self.took: list[tuple[float, float]] = []
        self.refused = 0
        self.over = threading.Event()

    def run(self) -> None:
        """Look until told to stop; who waits for one page asks for the next no later for it."""
        due = time.monotonic()
        for turn in range(10**9):
            if self.over.wait(max(due - time.monotonic(), 0)):
                return
            due += PACE
            began = time.monotonic()
            self.refused += self._look(self.reps[turn % len(self.reps)]) != 200
            self.took.append((began, time.monotonic() - began))

    def _look(self, rep: data.Rep) -> int:
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        with suppress(OSError):
            link.request("GET", "/available", headers={"Cookie": rep.cookie, "Accept": "text/html"})
            answer = link.getresponse()
            answer.read()
            link.close()
            return answer.status
        return 0

    def between(self, began: float, ended: float) -> tuple[float, float]:
        """Return median and 95th percentile of pages in milliseconds, within a time."""
        took = sorted(spent for at, spent in self.took if began <= at <= ended)
        return median(took) * 1000, took[math.ceil(len(took) * 0.95) - 1] * 1000


def flood(count: int, minutes: float) -> int:
    """Let the mails come and be read; 1 where one is left, was read twice, a quiet firm
    waited for the loud one, or pages suffered."""
    print(table.machine(), flush=True)
    shares = share(count, FIRMS)
    with House() as house, house.database("flood") as database:
        with database.connect() as link:
            firms = data.add_firms(link, FIRMS)
            each = math.ceil(max(shares) / EACH)
            reps = data.add_reps(link, database.app, FIRMS, each)
            data.add_leads(link, LEADS)
            data.offer_leads(link, firms, OFFERED_TO)
            link.execute(data.ANSWERS)
            domain = database.app.config["SETTINGS"].inbound_domain
            mails = write_mails(link, reps, shares, domain)
        database.settle()
        port = free_port()
        roles = ("scheduler", "mail-in", *WORKERS)
        with database.web() as web, beside(database, *roles, MAIL_IN_PORT=str(port)):
            return _measure(database, web, reps[:READERS], mails, port, minutes)


def _measure(
    database: Database,
    web: Web,
    reps: Sequence[data.Rep],
    mails: Sequence[Answer],
    port: int,
    minutes: float,
) -> int:
    await_listener(port)
    readers = Readers(web, reps)
    readers.start()
    time.sleep(CALM / 3)  # what is compiled and drawn for the first time is not measured
    calm = time.monotonic()
    time.sleep(CALM)
    began = time.monotonic()
    send(port, mails)
    kept = time.monotonic()
    print(f"{len(mails):,} mails taken in within {kept - began:.0f} s", flush=True)
    read, said = 0.0, kept
    with database.connect() as link:
        link.autocommit = True
        while time.monotonic() - began < minutes * 60:
            waiting, behind = link.execute(LEFT).fetchone() or (0, 0)
            read = read or (time.monotonic() if not waiting else 0.0)
            if not (waiting or behind):
                break
            if time.monotonic() - said > SAY:
                said = time.monotonic()
                print(
                    f"{said - began:>6.0f} s: {waiting:,} mails, {behind:,} answers wait",
                    flush=True,
                )
            time.sleep(LOOK)
        ended = time.monotonic()
        readers.over.set()
        readers.join(60)
        firms = link.execute(DONE).fetchall()
        once = link.execute(ONCE).fetchone()
        answered = link.execute(ANSWERED).fetchone()
        waiting, behind = link.execute(LEFT).fetchone() or (0, 0)
    assert once
    assert answered
    phases = {
        "before": (calm, began),
        "while taken in": (began, kept),
        "while read": (kept, read or ended),
        "meanwhile": (began, read or ended),
    }
    pages = {name: readers.between(*phase) for name, phase in phases.items()}
    spent = (read or ended) - began
    print(f"\n{'read':<24}{(len(mails) - waiting) / spent:>8.0f} a second, {spent:.0f} s in all")
    loud, *quiet = firms
    print(f"{'the loud firm':<24}{loud[1]:>8,} mails, done after {loud[3]:.0f} s")
    unfair = False
    if quiet:
        ends = [float(row[3]) for row in quiet]
        print(
            f"{'each other firm':<24}{quiet[0][1]:>8,} mails, done after {median(ends):.0f} s at "
            f"the median, {max(ends):.0f} s at worst"
        )
        # in turns each has as many read as any other: a quiet firm's last when all have had so many
        fair = sum(min(row[1], quiet[0][1]) for row in firms) / len(mails) * float(loud[3])
        unfair = max(ends) > fair * PATIENT
        print(f"{'in turns':<24}{'a quiet firm is done':>24} after {fair:.0f} s")
    late, latest = answered
    print(f"{'answers':<24}sent {late:.0f} s after that at the median, {latest:.0f} s at worst")
    for name, (p50, p95) in pages.items():
        print(f"{f'pages {name}':<24}p50 {p50:.0f} ms, p95 {p95:.0f} ms")
    agree = set(once[:5]) == {len(mails)} and not once[5]
    print("each mail had one effect and one answer" if agree else f"they DISAGREE: {once}")
    suffered = pages["meanwhile"][1] > pages["before"][1] * GOAL + 10
    if suffered:
        print("PAGES SUFFERED")
    if unfair:
        print("UNFAIR: a quiet firm waited for the loud one")
    if waiting or behind:
        print(f"LEFT after {minutes:g} minutes: {waiting:,} mails, {behind:,} answers")
    if readers.refused:
        print(f"REFUSED: {readers.refused} pages")
    return int(not agree or suffered or unfair or bool(waiting or behind or readers.refused))


if __name__ == "__main__":
    sys.exit(
        flood(
            int(os.environ.get("FLOOD_MAILS") or 10_000),
            min(float(os.environ.get("FLOOD_MINUTES") or 30), 120),
        )
    )
