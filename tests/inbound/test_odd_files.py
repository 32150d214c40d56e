"""What somebody writes stands everywhere as it was written, and is run nowhere."""

from __future__ import annotations

from portal.accounts.queries import get_actor
from portal.core.db import session
from portal.leads.models import Lead
from portal.sheets import contents, files, reports
from tests.factories import AT, make_person, make_vendor, sign_in
from tests.inbound.replying import make_question, reply, told
from tests.sheets.house import as_csv, give_back, rows_of

WORDS = "=cmd|' /C calc'!A0 <script>alert(1)</script> {{7*7}} %s %(x)s \\N \U0001f600"


def test_what_somebody_wrote_stands_everywhere_as_written(inside, client, caplog):
    """Case 85: in pages, mails, workbooks, lists and logs; and fifty kilobytes of it."""
    caplog.set_level("DEBUG")
    owner = make_person(make_vendor(), "channel_manager", email="mara@vendor.example")
    rep, held, mail = make_question()
    session().get_one(Lead, held.lead_id).owner_id = owner.id
    told()
    assert reply(mail, WORDS, rep).reason == "comment"
    (heard,) = [one for one in told() if one.user_id == owner.id]
    assert WORDS in heard.text
    assert "&lt;script&gt;alert(1)" in heard.html
    assert "<script>alert" not in heard.html
    assert reply(mail, f"PROPOSAL\n{WORDS}", rep).state == "applied"
    assert reply(mail, WORDS + "word " * 10_000, rep).reason == "cut"
    # of a row that is not taken the sheet to mend says again what was typed
    (row,) = rows_of(rep)
    report = give_back(rep, as_csv([{**row, "Feedback": WORDS}]))
    again = contents.fill(
        get_actor(rep.id), AT, firm=False, again=reports.to_mend(report.return_id)
    )
    session().commit()
    sign_in(client, owner)
    page = client.get(f"/leads/{held.lead_id}")
    assert "&lt;script&gt;alert(1)" in page.text
    assert "<script>alert" not in page.text
    assert "{{7*7}}" in page.text
    assert f"'{WORDS}" in files.write(again, "csv").decode()
    assert "calc" not in caplog.text
