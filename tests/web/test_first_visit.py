"""What a browser fetches that has never been here, and what the logs tell of its visit."""

from __future__ import annotations

import json
import re
from urllib.parse import urlencode

from portal.core import clock
from tests.factories import make_offered_lead, make_partner, make_person

MOST = 200_000


def test_a_first_visit_to_a_full_page_stays_under_200_kilobytes(live):
    rep = make_person(make_partner())
    for number in range(20):
        make_offered_lead(at=clock.now(), title=f"Cabinets for hall {number}")
    (browser,) = live.signed_in(rep)
    page = browser.get("/available")
    assert page.body.count('id="lead-') >= 20
    weight = len(page.body.encode())
    files = {path.partition("#")[0] for path in re.findall(r'"(/static/[^"]+)"', page.body)}
    assert {path.rpartition(".")[2] for path in files} >= {"css", "js", "svg"}
    for path in files:
        sent = browser.ask("GET", path, headers={"Accept-Encoding": "gzip"})
        assert sent.status == 200
        weight += int(sent.headers["Content-Length"])
    assert weight < MOST, f"{weight} bytes"


def test_the_id_of_a_request_follows_into_the_jobs_that_it_causes(live):
    rep = make_person(make_partner())
    lead = make_offered_lead(at=clock.now())
    (browser,) = live.signed_in(rep)
    live.work()
    answer = browser.ask(
        "POST",
        f"/leads/{lead.id}/pickup",
        urlencode({"csrf_token": browser.csrf}),
        {"Content-Type": "application/x-www-form-urlencoded", "X-Request-ID": "follow-me-4711"},
    )
    assert answer.status == 303
    assert answer.headers["X-Request-ID"] == "follow-me-4711"
    live.work()
    lines = [json.loads(line) for line in live.said().splitlines() if line.startswith("{")]
    told = [line for line in lines if line.get("request_id") == "follow-me-4711"]
    assert {line["event"] for line in told} >= {"request", "job done"}
    asked_for = "SELECT request_id FROM events WHERE name = 'LeadPickedUp' AND lead_id = :lead"
    assert live.value(asked_for, lead=lead.id) == "follow-me-4711"
