"""Scanners, forwarded mails, guessers and two tabs at once: the cases A 1 to 20 of mail attacks.

Each test carries the number of its case. Robots that run scripts (2, 3) and what proxies and logs
keep (13) are tried with Chromium in `test_in_chromium.py`. Of 17 the link that signs in is tried in
`tests/accounts/test_sign_in_link.py`; here, that no other link of a mail signs anybody in.
"""

from __future__ import annotations

import os
import random
import re
import secrets
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from portal.accounts.models import Organisation, User
from portal.accounts.queries import get_actor
from portal.core import clock
from portal.core.mail import links
from portal.core.mail.links import Purpose
from portal.core.mail.models import MailLink
from portal.feedback import operations as feedback
from portal.feedback.rules import Answer
from portal.hearing.models import HearingWishes
from portal.leads.models import Lead
from portal.pickup import operations as pickup
from portal.pickup.models import Pickup
from tests.factories import (
    CONTACT,
    factory,
    make_offered_lead,
    make_partner,
    make_person,
    sign_in,
    wish,
)
from tests.inbound.every_link import CHOICES, links_of_every_mail, purposes_of
from tests.inbound.pressing import (
    Forms,
    change,
    events,
    get,
    issue,
    link_of,
    looks,
    press,
    snapshot,
    text_of,
    waited,
)

SECOND = timedelta(seconds=1)
# fifty of each take minutes, so `make soak` does that (THOROUGH=1), and the suite opens each link
# fourteen times in all
TIMES = (
    dict.fromkeys(("GET", "HEAD", "OPTIONS"), 50)
    if os.environ.get("THOROUGH")
    else {"GET": 8, "HEAD": 3, "OPTIONS": 3}
)
JUST_SHOWN = -3
"""However slow the machine is: a page that was shown in a moment."""


@pytest.fixture
def rep(app):
    return make_person(make_partner("Alpha Systems"), name="Alice")


@factory
def hold(rep, days=2):
    at = clock.now() - timedelta(days=days)
    lead = make_offered_lead(at=at)
    return lead, pickup.claim(lead.id, get_actor(rep.id), at).pickup_id


@factory
def claim(lead, user):
    return pickup.claim(lead.id, get_actor(user.id), clock.now()).pickup_id


@factory
def give(held, rep, answer, hours=0.0):
    at = clock.now() - timedelta(hours=hours)
    return feedback.give(held, answer, get_actor(rep.id), at).id


def offered(rep):
    lead = make_offered_lead(at=clock.now())
    return lead, issue(Purpose.OFFER, rep, lead_id=lead.id, round_=1)


def asked(rep):
    lead, held = hold(rep)
    return lead, held, issue(Purpose.FEEDBACK, rep, lead_id=lead.id, pickup_id=held)


def test_case_1_opening_every_link_many_times_in_any_order_changes_nothing(committed):
    rep = make_person(make_partner("Alpha Systems"))
    paths = links_of_every_mail(rep).values()
    assert purposes_of(paths) == set(Purpose)
    before, client = snapshot(), committed.test_client()
    choices = (*CHOICES, "pick", "decline", "yes", "no", "x")
    dice = random.Random(1)
    asks = [(path, way) for path in paths for way, times in TIMES.items() for _ in range(times)]
    dice.shuffle(asks)
    statuses = {}
    for path, way in asks:
        ways = ["", "", f"?s={dice.choice(choices)}", *(["/stop"] if path[:3] == "/m/" else [])]
        more = dice.choice(ways)
        answer = client.open(path + more, method=way)
        statuses.setdefault((path, way), set()).add(answer.status_code)
        assert "Location" not in answer.headers
        assert "Set-Cookie" not in answer.headers
    for (path, way), found in statuses.items():
        assert len(found) == 1, (path, way, found)
        assert found <= {200, 404}
    assert snapshot() == before
    assert 0 < looks() < 1200, "kept once in a few seconds for each link"


def test_case_3_a_press_two_seconds_after_opening_is_asked_for_again(committed):
    client = committed.test_client()
    rep = make_person(make_partner("Alpha Systems"))
    lead, path = offered(rep)
    answer = press(client, path, "pick", seconds=JUST_SHOWN)
    assert answer.status_code == 409
    assert 'data-refusal="press_again"' in answer.text
    assert "Please press once more" in text_of(answer.text)
    assert get(Lead, lead.id).holder_id is None
    assert [data["why"] for *_, data in events("MailActionDoubted")] == ["too_fast"]
    second = Forms(answer.text).for_("pick")
    fast = client.post(path, data=waited(committed, second, JUST_SHOWN))
    assert 'data-refusal="press_again"' in fast.text, "the second press is timed as well"
    assert get(Lead, lead.id).holder_id is None
    assert client.post(path, data=waited(committed, second)).status_code == 200
    assert get(Lead, lead.id).holder_id == rep.id


def test_case_3_the_second_press_carries_everything_that_was_typed(client, rep):
    _lead, held, path = asked(rep)
    typed = {"value": "12500", "note": 'He said "yes" & <signed>'}
    doubted = press(client, path, "feedback", "won", seconds=JUST_SHOWN, **typed)
    assert doubted.status_code == 409
    assert get(Pickup, held).last_status is None
    again = waited(client.application, Forms(doubted.text).for_("feedback"))
    assert {name: again[name] for name in typed} == typed
    assert client.post(path, data=again).status_code == 200
    assert get(Pickup, held).last_status == "won"


@pytest.mark.parametrize("mails", ["one mail", "three mails"])
def test_case_3_who_opens_three_links_of_one_mail_at_once_is_asked_again(committed, mails):
    client = committed.test_client()
    rep = make_person(make_partner("Alpha Systems"))
    at = clock.now() - timedelta(hours=1)
    paths = []
    for number in range(3):
        lead = make_offered_lead(at=clock.now())
        written = at if mails == "one mail" else at + number * SECOND
        paths.append(issue(Purpose.OFFER, rep, written, lead_id=lead.id, round_=1))
    pages = [client.get(path).text for path in paths]
    fields = waited(committed, Forms(pages[-1]).for_("pick"), seconds=3)
    answer = client.post(paths[-1], data=fields)
    if mails == "one mail":
        assert 'data-refusal="press_again"' in answer.text
        assert get(Lead, lead.id).holder_id is None
        again = waited(committed, Forms(answer.text).for_("pick"))
        assert client.post(paths[-1], data=again).status_code == 200
    assert get(Lead, lead.id).holder_id == rep.id


@pytest.mark.parametrize(
    "header",
    [("Sec-Purpose", "prefetch;prerender"), ("Purpose", "prefetch"), ("X-Moz", "prefetch")],
    ids=lambda header: header[0],
)
def test_case_4_what_a_browser_fetches_ahead_changes_nothing(committed, header):
    client = committed.test_client()
    rep = make_person(make_partner("Alpha Systems"))
    lead, path = offered(rep)
    before = snapshot()
    page = client.get(path, headers=[header])
    assert page.status_code == 200
    assert snapshot() == before
    assert looks() == 0
    fields = waited(committed, Forms(page.text).for_("pick"))
    answer = client.post(path, data=fields, headers=[header])
    assert 'data-refusal="press_again"' in answer.text
    assert get(Lead, lead.id).holder_id is None


def test_case_5_a_rewritten_address_works(client, rep):
    lead, path = offered(rep)
    encoded = "/m/" + "".join(f"%{ord(char):02X}" for char in path[3:])
    for address in (
        encoded,
        f"{path}?s=pick&utm_source=x&data=05%7C02%7C&sdata=abc%3D&reserved=0",
        f"{path}?s=pick&s=won&s=",
    ):
        page = client.get(address)
        assert page.status_code == 200
        assert lead.number in page.text
    assert press(client, path, "pick", query="?data=x").status_code == 200
    assert get(Lead, lead.id).holder_id == rep.id


def test_case_6_a_token_that_was_not_copied_whole_is_told_kindly(client, rep):
    _lead, path = offered(rep)
    ends = (".", ">", "%3E", "=3D", "%20", "%0A", "=", ")", "%00", "%C3%A9", "x" * 5000, "%ED%A0")
    for address in (*[path + end for end in ends], path[:-1], path[:30] + "%20" + path[30:]):
        page = client.get(address)
        assert page.status_code in (404, 414), address
        assert "Sign in" in page.text


def test_case_7_the_same_press_again_is_one_event(client, rep):
    _lead, held, path = asked(rep)
    fields = waited(client.application, Forms(client.get(path).text).for_("feedback", "won"))
    fields |= {"value": "900", "note": "Signed."}
    first, *others = [client.post(path, data=fields) for _ in range(4)]
    assert "Thank you" in text_of(first.text)
    for answer in others:
        assert answer.status_code == 200
        assert "Already recorded" in text_of(answer.text)
    assert len(events("FeedbackGiven")) == len(events("MailActionDone")) == 1
    assert get(Pickup, held).outcome == "won"


def test_case_8_of_twenty_different_answers_at_once_one_wins(committed):
    rep = make_person(make_partner("Alpha Systems"))
    _lead, held, path = asked(rep)
    page = Forms(committed.test_client().get(path).text)
    answers = [
        ("waiting", {}),
        ("proposal", {}),
        ("not_contacted", {}),
        ("won", {"value": "5"}),
        ("lost", {"reason": "price", "decision_maker": "He"}),
    ] * 4

    def send(answer):
        status, typed = answer
        fields = waited(committed, page.for_("feedback", status))
        said = committed.test_client().post(path, data={**fields, "status": status, **typed})
        return status, said.status_code

    with ThreadPoolExecutor(20) as crowd:
        got = list(crowd.map(send, answers))
    ((*_, given),) = events("FeedbackGiven")
    assert {status for status, code in got if code == 200} == {given["status"]}
    assert {code for status, code in got if status != given["status"]} == {409}
    assert get(Pickup, held).last_status == given["status"]
    assert len(events("MailActionDone")) == 1


def test_case_8_of_yes_and_no_at_once_one_wins(committed):
    firm = make_partner("Alpha Systems")
    rep = make_person(firm)
    make_person(firm, name="Alan")
    lead, path = offered(rep)
    page = Forms(committed.test_client().get(path).text)

    def send(number):
        action = ("pick", "decline")[number % 2]
        fields = waited(committed, page.for_(action))
        said = committed.test_client().post(path, data={**fields, "reason": "too_far"})
        return action, said.status_code

    with ThreadPoolExecutor(20) as crowd:
        got = list(crowd.map(send, range(20)))
    ((*_, done),) = events("MailActionDone")
    assert {action for action, code in got if code == 200} == {done["action"]}
    assert {code for action, code in got if action != done["action"]} == {409}
    assert (get(Lead, lead.id).holder_id == rep.id) == (done["action"] == "pick")


def test_case_8_the_second_tab_is_told_and_may_change_its_mind(client, rep):
    _lead, held, path = asked(rep)
    first, second = (Forms(client.get(path).text) for _ in range(2))
    one = waited(client.application, first.for_("feedback", "waiting"))
    assert client.post(path, data={**one, "status": "waiting"}).status_code == 200
    two = waited(client.application, second.for_("feedback", "proposal"))
    told = client.post(path, data={**two, "status": "proposal"})
    assert told.status_code == 409
    assert 'data-refusal="changed_meanwhile"' in told.text
    assert "Another answer came in meanwhile" in text_of(told.text)
    assert get(Pickup, held).last_status == "waiting"
    anew = waited(client.application, Forms(told.text).for_("feedback", "proposal"))
    assert client.post(path, data={**anew, "status": "proposal"}).status_code == 200
    assert get(Pickup, held).last_status == "proposal"


def test_case_9_a_token_answers_for_its_own_lead_alone(committed):
    client = committed.test_client()
    rep = make_person(make_partner("Alpha Systems"))
    other = make_person(make_partner("Beta Networks"))
    theirs, their_pickup = hold(other)
    _mine, held, about = asked(rep)
    lead, offer = offered(rep)
    report = waited(committed, Forms(client.get(about).text).for_("feedback", "waiting"))
    pick = waited(committed, Forms(client.get(offer).text).for_("pick"))
    answer = {**pick, "action": "answer"}
    before = snapshot()["pickups"]
    for path, fields in (
        (about, {**report, "status": "lost", "pickup_id": their_pickup}),
        (about, {**report, "status": "waiting", "lead_id": theirs.id}),
        (offer, {**pick, "lead_id": theirs.id}),
        (offer, {**pick, "user_id": other.id}),
        (offer, {**answer, "status": "waiting", "pickup_id": their_pickup}),
        (offer, {**answer, "status": "waiting", "pickup_id": "9" * 30}),
        (offer, {**answer, "status": "waiting", "pickup_id": "1; DROP TABLE leads"}),
    ):
        refused = client.post(path, data=fields)
        assert refused.status_code == 404, fields
        assert "does not work" in refused.text
    assert snapshot()["pickups"] == before
    assert get(Pickup, held).last_status is None
    assert get(Lead, lead.id).holder_id is None
    misused = events("MailLinkMisused")
    assert len(misused) == 7
    assert {data["user_id"] for *_, data in misused} == {rep.id}


def test_case_9_a_nonce_that_fits_no_form_of_the_link_does_nothing(client, rep):
    """Neither the action of another purpose, nor the sign of another question."""
    first, held, _path = asked(rep)
    give(held, rep, Answer("proposal"), 9)
    _second, also = hold(rep, days=0)
    path = issue(Purpose.FEEDBACK, rep, lead_id=first.id, pickup_id=held)
    fields = waited(client.application, Forms(client.get(path).text).for_("feedback", "waiting"))
    for action in ("pick", "decline", "answer", "undo", "hearing", "", "__class__"):
        assert client.post(path, data={**fields, "action": action}).status_code == 404
    twin = issue(Purpose.FEEDBACK, rep, pickup_id=also)
    assert client.post(twin, data={**fields, "status": "waiting"}).status_code == 404
    assert get(Pickup, held).last_status == "proposal"
    assert get(Pickup, also).last_status is None


def test_case_10_a_link_works_until_its_last_second(client, rep):
    _lead, path = offered(rep)
    link = link_of(path)
    change(MailLink, link.id, expires_at=clock.now() + timedelta(seconds=30))
    assert client.get(path).status_code == 200
    fields = waited(client.application, Forms(client.get(path).text).for_("pick"))
    change(MailLink, link.id, expires_at=clock.now() - SECOND)
    assert client.get(path).status_code == 404
    assert client.post(path, data=fields).status_code == 404
    assert not events("LeadPickedUp")


@pytest.mark.parametrize("cause", ["deactivated", "firm inactive", "revoked"])
def test_case_11_who_has_left_gets_no_word_about_the_lead(client, rep, cause):
    _lead, path = offered(rep)
    held, about = asked(rep)[1:]
    fields = waited(client.application, Forms(client.get(path).text).for_("pick"))
    if cause == "deactivated":
        change(User, rep.id, active=False)
    elif cause == "firm inactive":
        change(Organisation, rep.organisation_id, active=False)
    else:
        factory(links.revoke_all)(rep.id, clock.now())
    bodies = {client.get("/m/" + secrets.token_urlsafe(32)).text}
    for answer in (
        client.get(path),
        client.get(about),
        client.get(f"{path}?s=won"),
        client.post(path, data=fields),
    ):
        assert answer.status_code == 404
        bodies.add(answer.text)
    assert len(bodies) == 1, "nothing tells such a link from an unknown one"
    assert "Replace 14" not in bodies.pop()
    assert get(Pickup, held).last_status is None
    assert len(events("LeadPickedUp")) == 1


def test_case_11_a_lead_that_was_given_to_somebody_else_is_not_told(client, rep):
    other = make_person(make_partner("Beta Networks"))
    lead, held, path = asked(rep)
    give(held, rep, Answer("waiting"))
    factory(lambda: pickup.give_back(held, "other", None, get_actor(rep.id), clock.now()))()
    claim(lead, other)
    page = client.get(path)
    assert page.status_code == 404
    assert "You gave it back." in text_of(page.text)
    for secret in (*CONTACT.values(), "Beta", "Replace 14"):
        assert secret not in page.text


def test_case_11_who_changed_the_firm_takes_no_leads_along(client, rep):
    _lead, held, about = asked(rep)
    _fresh, offer = offered(rep)
    change(User, rep.id, organisation_id=make_partner("Beta Networks").id)
    assert client.get(about).status_code == 404
    assert client.get(offer).status_code == 404
    assert get(Pickup, held).last_status is None


def test_case_12_guesses_are_all_answered_alike_and_then_no_more(client):
    answers = [client.get("/m/" + secrets.token_urlsafe(32)) for _ in range(1000)]
    assert [answer.status_code for answer in answers] == [404] * 30 + [429] * 970
    assert len({answer.text for answer in answers[:30]}) == 1
    posted = client.post("/m/" + secrets.token_urlsafe(32), data={"action": "pick"})
    assert posted.status_code == 429


def test_case_12_a_good_link_may_be_opened_as_often_as_scanners_like(client, rep):
    _lead, path = offered(rep)
    assert {client.get(path).status_code for _ in range(60)} == {200}


def test_case_13_the_page_keeps_its_address_to_itself(client, rep):
    _lead, path = offered(rep)
    page = client.get(path)
    assert page.headers["Referrer-Policy"] == "same-origin"
    assert page.headers["Cache-Control"] == "no-store"
    assert page.headers["X-Robots-Tag"].startswith("noindex")
    fetched = re.findall(r'(?:src|href|action)="([^"#]+)"', page.text)
    assert fetched
    assert all(address.startswith("/") and not address.startswith("//") for address in fetched)
    asked_too = [a for a in fetched if path in a]
    assert set(asked_too) == {path}, "only its own forms name the link"
    for answer in (press(client, path, "pick"), client.get(path)):
        assert answer.headers["X-Robots-Tag"].startswith("noindex")
        assert path[3:] not in str(answer.headers)


def test_case_14_a_press_without_the_sign_of_our_page_does_nothing(app, client, rep):
    lead, path = offered(rep)
    _other, twin = offered(rep)
    page = Forms(client.get(path).text)
    good = waited(app, page.for_("pick"))
    foreign = waited(app, Forms(client.get(twin).text).for_("pick"))["nonce"]
    for fields in (
        {},
        {"action": "pick"},
        {"action": "pick", "token": path[3:]},
        {**good, "nonce": ""},
        {**good, "nonce": foreign},
        {**good, "nonce": good["nonce"][:-2] + "xx"},
        {**good, "nonce": "x" * 100_000},
        {**good, "nonce": waited(app, page.for_("pick"), seconds=31 * 60)["nonce"]},
        {**good, "nonce": waited(app, page.for_("pick"), seconds=-600)["nonce"]},
        {**good, "token": ""},
        {**good, "token": twin[3:]},
        {name: value for name, value in good.items() if name != "token"},
    ):
        answer = client.post(path, data=fields)
        assert answer.status_code in (404, 409), fields
        assert get(Lead, lead.id).holder_id is None
    assert 'data-refusal="page_too_old"' in answer.text
    assert "please press once more" in text_of(answer.text)
    anew = waited(app, Forms(answer.text).for_("pick"))
    assert client.post(path, data=anew).status_code == 200
    old = waited(app, page.for_("pick"), seconds=29 * 60)
    assert "yours already" in text_of(client.post(path, data=old).text)


def test_case_15_words_in_the_address_lead_nowhere_and_show_nothing(client, rep):
    _lead, held, path = asked(rep)
    for query in (
        "?next=//evil.test",
        "?s=<script>alert(1)</script>",
        "?s=deleted",
        "?s=won%00",
        "?s=" + "x" * 5000,
        "?s=not_contacted'%20OR%201=1",
        "?action=undo&status=won&value=1",
    ):
        page = client.get(path + query)
        assert page.status_code == 200
        assert "<script" not in page.text
        assert "evil.test" not in page.text
        assert "<details open" not in page.text
    fields = waited(client.application, Forms(client.get(path).text).for_("feedback", "waiting"))
    answer = client.post(f"{path}?next=//evil.test", data={**fields, "status": "waiting"})
    assert answer.status_code == 200
    assert "Location" not in answer.headers
    assert get(Pickup, held).last_status == "waiting"


@pytest.mark.parametrize("form", ["multipart", "urlencoded"])
def test_case_16_one_click_ends_the_daily_mail_and_no_more(client, rep, form):
    wish(rep, hears="daily", by_subject={"answers": "at_once", "my_leads": "weekly"})
    path = issue(Purpose.STOP, rep, topic="digest")
    assert client.get(f"{path}/stop").status_code == 200
    assert get(HearingWishes, rep.id).hears == "daily", "opening ends nothing"
    kind = "multipart/form-data" if form == "multipart" else "application/x-www-form-urlencoded"
    sent = {"data": {"List-Unsubscribe": "One-Click"}, "content_type": kind}
    answer = client.post(f"{path}/stop", **sent)
    assert answer.status_code == 200
    assert "Location" not in answer.headers
    said = text_of(answer.text)
    assert "These mails are off" in said
    assert "What you owe, and what is taken out of your hands, is told once a day" in said
    assert "What you ordered to come by itself goes on: a sheet with your leads" in said
    now = get(HearingWishes, rep.id)
    assert (now.hears, now.by_subject) == ("never", {"answers": "at_once"})
    bad = client.post("/m/" + secrets.token_urlsafe(32) + "/stop", **sent)
    assert (bad.status_code, bad.text) == (answer.status_code, answer.text)
    assert client.post(f"{path}/stop", **sent).status_code == 200
    assert len(events("HearingChanged")) == 1


def test_case_16_an_old_daily_mail_does_not_silence_who_hears_at_once(client, rep):
    path = issue(Purpose.STOP, rep, topic="digest")
    assert client.post(f"{path}/stop", data={"List-Unsubscribe": "One-Click"}).status_code == 200
    _lead, offer = offered(rep)
    assert client.post(f"{offer}/stop").status_code == 200
    assert events("HearingChanged") == []


def test_case_16_the_page_of_the_link_sets_when_to_hear(client, rep):
    path = issue(Purpose.STOP, rep, topic="digest")
    fields = waited(client.application, Forms(client.get(path).text).for_("hearing"))
    wished = {**fields, "hears": "daily", "digest_hour": "7", "regions": "de-ni"}
    odd = client.post(path, data={**wished, "hears": "sometimes", "value_from": "<b>"})
    assert odd.status_code == 422
    assert "&lt;b&gt;" in odd.text
    tried = client.post(path, data={**wished, "look": "1"})
    assert tried.status_code == 200
    assert 'value="DE-NI"' in tried.text or 'value="de-ni"' in tried.text
    assert events("HearingChanged") == [], "looking saves nothing"
    assert client.post(path, data=wished).status_code == 200
    now = get(HearingWishes, rep.id)
    assert (now.hears, now.digest_hour, now.regions) == ("daily", 7, ["DE-NI"])
    assert client.post(path, data={"hears": "never"}).status_code == 404


def test_case_16_a_second_press_asks_with_all_that_was_wished(client, rep):
    more = {"digest_weekday": 4, "by_subject": {"answers": "at_once"}, "extent": "teaser"}
    wish(rep, hears="weekly", temperatures=["hot"], regions=["DE-NI"], report=False, **more)
    path = issue(Purpose.STOP, rep, topic="digest")
    shown = client.get(path)
    fields = waited(client.application, Forms(shown.text).for_("hearing"), JUST_SHOWN)
    typed = {
        **fields,
        "hears": "daily",
        "digest_weekday": "5",
        "on_answers": "at_once",
        "extent": "teaser",
        "temperatures": ["hot", "warm"],
        "regions": "DE-NI",
        "value_from": "1000",
    }
    for look in ({"look": "1"}, {}):
        doubted = client.post(path, data={**typed, **look})
        assert doubted.status_code == 409
        assert "Please press once more" in text_of(doubted.text)
    # the whole form stands there as typed, with both its buttons
    for said in (
        '<option selected value="5">',
        '<option selected value="at_once">',
        'checked id="temperatures-1"',
        'value="DE-NI"',
        'name="look"',
    ):
        assert said in doubted.text, said
    assert not re.search(r'<input[^>]*checked[^>]*name="report"', doubted.text)
    assert get(HearingWishes, rep.id).hears == "weekly"
    again = waited(client.application, Forms(doubted.text).for_("hearing"))
    assert client.post(path, data={**typed, **again}).status_code == 200
    now = get(HearingWishes, rep.id)
    assert (now.hears, now.digest_weekday, now.temperatures) == ("daily", 5, ["hot", "warm"])
    assert (now.report, now.by_subject) == (False, {"answers": "at_once"})


def test_case_17_no_other_link_of_a_mail_signs_anybody_in(client, rep):
    _lead, path = offered(rep)
    assert press(client, path, "pick").status_code == 200
    assert client.get_cookie("session") is None
    assert client.get("/mine").status_code == 302


def test_case_18_an_undo_works_once_and_never_over_something_newer(client, rep):
    lead, held = hold(rep)
    about = {"lead_id": lead.id, "pickup_id": held}
    first = issue(Purpose.UNDO, rep, **about, feedback_id=give(held, rep, Answer("waiting"), 9))
    newer = give(held, rep, Answer("proposal"), 5)
    answer = press(client, first, "undo")
    assert answer.status_code == 409
    assert "There is a newer answer. It stays as it is." in text_of(answer.text)
    assert get(Pickup, held).last_status == "proposal"
    second = issue(Purpose.UNDO, rep, **about, feedback_id=newer)
    fields = waited(client.application, Forms(client.get(second).text).for_("undo"))
    assert "Taken back" in text_of(client.post(second, data=fields).text)
    assert get(Pickup, held).last_status == "waiting"
    later = give(held, rep, Answer("proposal"))
    assert "Taken back already" in text_of(client.post(second, data=fields).text)
    assert get(Pickup, held).last_status == "proposal"
    assert later != newer
    assert len(events("FeedbackTakenBack")) == 1


def test_case_18_a_lead_that_went_on_after_it_was_lost_does_not_come_back(client, rep):
    lead, held = hold(rep)
    given = give(held, rep, Answer("lost", reason="price", decision_maker="He"), 5)
    path = issue(Purpose.UNDO, rep, lead_id=lead.id, pickup_id=held, feedback_id=given)
    fields = waited(client.application, Forms(client.get(path).text).for_("undo"))
    change(Lead, lead.id, state="nurture", holder_id=None, holder_organisation_id=None)
    answer = client.post(path, data=fields)
    assert answer.status_code == 409
    assert get(Pickup, held).outcome == "lost"


def test_case_19_a_forwarded_mail_acts_for_its_owner_who_hears_of_it(app, client, rep):
    stranger = sign_in(app.test_client(), make_person(make_partner("Beta Networks")))
    lead, path = offered(rep)
    page = stranger.get(path)
    for secret in (*CONTACT.values(), "Alice", "Alpha", rep.email):
        assert secret not in page.text
    answer = press(stranger, path, "pick")
    assert answer.status_code == 200
    for secret in (*CONTACT.values(), "Alice", "Alpha", rep.email):
        assert secret not in answer.text
    assert get(Lead, lead.id).holder_id == rep.id
    ((_, actor, _channel, data),) = events("MailActionDone")
    assert actor == data["user_id"] == rep.id
    assert stranger.get(f"/leads/{lead.id}").status_code in (404, 302)


def test_case_20_other_methods_are_not_taken_from_the_form(client, rep):
    lead, path = offered(rep)
    for override in ("PUT", "DELETE", "PATCH"):
        headers = {"X-HTTP-Method-Override": override, "X-Method-Override": override}
        for way in ("GET", "HEAD"):
            assert client.open(path, method=way, headers=headers).status_code == 200
        assert client.get(f"{path}?_method=POST&action=pick").status_code == 200
        assert client.open(path, method=override).status_code == 405
    fields = waited(client.application, Forms(client.get(path).text).for_("pick"))
    answer = client.get(path, query_string={**fields, "_method": "POST"})
    assert answer.status_code == 200
    assert get(Lead, lead.id).holder_id is None


def test_whatever_is_sent_the_house_stands(client, rep):
    _lead, held, path = asked(rep)
    fields = waited(client.application, Forms(client.get(path).text).for_("feedback", "waiting"))
    good = {**fields, "status": "waiting"}
    long = client.post(path, data={**good, "note": "x" * 6_000})
    assert long.status_code == 422
    assert "5000 characters" in text_of(long.text)
    assert client.post(path, data={**good, "note": "x" * 300_000}).status_code == 413
    many = {f"field{number}": "x" for number in range(200)}
    kind = "multipart/form-data"
    assert client.post(path, data={**good, **many}, content_type=kind).status_code == 413
    assert client.post(path, data=b"\xff\xfe\x00", content_type="text/plain").status_code == 404
    for value in ("1e9999", "-5", "NaN", "zwölf", "9" * 40, "1" * 5000):
        won = {**fields, "status": "won", "value": value}
        assert client.post(path, data=won).status_code == 422
    for day in ("0000-00-00", "9999-99-99", "yesterday", "1999-01-01"):
        step = {**fields, "status": "proposal", "next_step_on": day}
        assert client.post(path, data=step).status_code in (409, 422)
    assert get(Pickup, held).last_status is None
    odd = {**good, "note": "\x00 null \u202e \ud83d".encode("utf-8", "surrogatepass")}
    assert client.post(path, data=odd).status_code == 200
    assert get(Pickup, held).last_status == "waiting"
