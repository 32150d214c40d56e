"""A sheet leaves with the leads in hand, and what was filled in comes back as answers.

The cases are those of chapter 5 F of the design of mail, by their numbers.
"""

from __future__ import annotations

import io
import subprocess
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from email.message import EmailMessage
from pathlib import Path

import pytest
from flask import Flask
from openpyxl import load_workbook
from sqlalchemy import func, select, update

from portal.accounts.models import User
from portal.accounts.queries import get_actor
from portal.catalog.queries import book
from portal.core import jobs
from portal.core.db import session, unit_of_work
from portal.core.events import EventRow
from portal.core.mail.health import class_of
from portal.core.mail.models import OutgoingEmail
from portal.feedback import operations as feedback
from portal.feedback.models import Feedback
from portal.feedback.rules import Answer
from portal.hearing.models import Hears
from portal.hearing.operations import choose, end, end_digests, set_defaults
from portal.hearing.queries import find_hearer
from portal.hearing.rules import Unchosen, sheet_due_on
from portal.leads.models import Lead, LeadRequirement, LeadType
from portal.partners.operations import add_absence
from portal.pickup import operations as pickup
from portal.pickup.models import Pickup
from portal.pickup.queries import get_policy
from portal.sheets import contents, files, operations, reports
from portal.sheets.columns import NUMBER
from portal.sheets.models import SheetReturn, SheetRow
from portal.sheets.rules import RowKey, as_day, write_key
from tests.core.posting import serving
from tests.factories import (
    AT,
    CONTACT,
    csrf_of,
    factory,
    make_manager,
    make_partner,
    make_person,
    sign_in,
)
from tests.imports.test_workbook import (
    outside_entity,
    overlapping,
    spaces,
    with_part,
    with_rows,
)
from tests.live import at_once
from tests.notifications.reading import told_of_contact
from tests.sheets.house import (
    LATER,
    Row,
    as_csv,
    fates,
    filled_in,
    give_back,
    pick,
    put,
    rows_of,
    sheet_of,
)

WON: Row = {"Status": "Won", "Value": "12,500.00"}
LOST: Row = {"Status": "Lost", "Reason": "too_expensive", "Decided by": "Head of IT"}


class House:
    """Alice and her colleague hold leads, and so does somebody of another firm."""

    def __init__(self) -> None:
        firm = make_partner(name="Alpha")
        self.alice = make_person(firm, name="Alice", locale="en", hears="daily")
        self.anna = make_person(firm, "partner_manager", name="Anna", locale="en")
        self.bob = make_person(name="Bob", locale="en")
        self.first = pick(self.alice)
        self.second = pick(self.alice)
        self.alan = make_person(firm, name="Alan")
        self.colleagues = pick(self.alan)
        self.foreign = pick(self.bob)

    def key(self, pickup_id: int, feedback_id: int | None = None) -> str:
        """Return the key of a pickup as it stands, or after some answer."""
        last = feedback.newest(pickup_id)
        assert last is not None
        return write_key(RowKey(pickup_id, feedback_id or last.id), "a secret for tests")


def reason() -> str:
    return book().reasons("lost")[0].label("en")


def test_a_sheet_holds_what_is_in_hand_and_lets_only_answers_be_written(ctx: Flask) -> None:
    house = House()
    spiteful = {
        **CONTACT,
        "company": '=HYPERLINK("http://evil.test")',
        "last_name": "@Sum\ufffe\uffff",
    }
    third = pick(house.alice, answered=False, contact=spiteful)
    page = load_workbook(io.BytesIO(files.write(sheet_of(house.alice), "xlsx")))["Leads"]
    headings = [str(cell.value) for cell in page[2]]
    assert headings == [
        *("Key", "Name", "Surname", "Contact number", "E-mail", "Company", "Lead", "So far"),
        *("Answer due", "Status", "Feedback", "Next step", "Next step on", "Value", "Reason"),
        "Decided by",
    ]
    rows = {str(row[0].value): dict(zip(headings, row, strict=True)) for row in page.iter_rows(3)}
    assert len(rows) == 3
    row = rows[write_key(RowKey(third, 0), "a secret for tests")]
    # 97: text stays text, and looks as it is
    assert (row["Company"].value, row["Company"].data_type) == (spiteful["company"], "s")
    assert (row["Surname"].value, row["Surname"].data_type) == ("@Sum", "s")
    assert row["Contact number"].value == CONTACT["phone"]
    assert (row["Company"].quotePrefix, row["Name"].quotePrefix) == (True, False)
    assert row["So far"].value == "No answer yet"
    # only what is answered can be written; the key is not even seen
    assert page.protection.sheet
    assert [name for name, cell in row.items() if not cell.protection.locked] == headings[9:]
    assert page.column_dimensions["A"].hidden
    lists = {str(one.sqref): one.formula1 for one in page.data_validations.dataValidation}
    assert lists["J3:J5"] == "StatusList"
    hidden = page.parent["Lists"]
    assert hidden.sheet_state == "hidden"
    assert [cell.value for cell in hidden["A"]][:5] == [
        *("Not made contact yet", "Waiting for their answer", "Proposal in progress"),
        *("Won", "Lost / not interested"),
    ]
    mark = page.parent.custom_doc_props["Sheet"].value
    assert mark == page.parent.properties.identifier
    assert mark.startswith(f"{house.alice.id}-")
    # 97 as CSV: a formula is none any more
    written = [row for row in rows_of(house.alice) if row["So far"] == "No answer yet"]
    assert written[0]["Company"] == "'" + spiteful["company"]
    # the firm's, for its manager, says whose they are; others get their own whatever they ask for
    assert {row["With"] for row in rows_of(house.anna, firm=True)} == {"Alice", "Alan"}
    assert rows_of(house.anna) == []
    assert len(rows_of(house.alice, firm=True)) == 3
    # in German by German headings
    house.alice.locale = "de"
    assert {"Vorname", "Nachname", "Telefonnummer", "Grund"} <= set(rows_of(house.alice)[0])


# what stands in a row, what becomes of it, and a part of what is said
ROWS: list[tuple[str, Row, str, str]] = [
    ("93 a foreign firm's lead", {"Key": "foreign", **WON}, "refused", "not in your hands"),
    ("93 a colleague's lead", {"Key": "colleagues", **WON}, "refused", "not in your hands"),
    ("93 a lead that never was", {"Key": "unknown", **WON}, "refused", "not in your hands"),
    ("93 a key dragged down", {"Key": "dragged", **WON}, "refused", "no key of ours"),
    ("93 no key", {"Key": "", **WON}, "refused", "no key of ours"),
    ("93 rows mixed up", {"Lead": "L-1", **WON}, "refused", "mixed up"),
    ("93 a number typed anew", {"Lead": "", **WON}, "applied", "Won, €12,500"),
    ("94 blanks", {**WON, "Status": "won "}, "applied", "Won"),
    ("94 capitals", {**WON, "Status": "WON"}, "applied", "Won"),
    ("94 German", {**WON, "Status": "Gewonnen"}, "applied", "Won"),
    ("94 blanks of no width", {**WON, "Status": "\u00a0Won\u00a0"}, "applied", "Won"),
    ("94 the old sheet's words", {"Status": "Waiting feedback from end user"}, "applied", "Wait"),
    ("94 German words", {"Status": "Angebot in Arbeit"}, "applied", "Proposal"),
    ("94 a formula", {"Status": '="Won"'}, "refused", "one of the five answers"),
    ("94 an error", {"Status": "#REF!"}, "refused", "one of the five answers"),
    ("94 a day", {"Status": "2026-11-20"}, "refused", "one of the five answers"),
    ("94 a number", {"Status": "4"}, "refused", "one of the five answers"),
    ("94 5000 signs", {"Status": "won " * 1250}, "refused", "one of the five answers"),
    ("94 hidden signs", {**WON, "Status": "w\u200bon"}, "refused", "one of the five answers"),
    ("94 words, no answer", {"Feedback": "They call back."}, "refused", "one of the five answers"),
    ("96 won, no amount", {"Status": "Won"}, "refused", "Value: Please give the value"),
    ("96 won, words", {"Status": "Won", "Value": "zwölf"}, "refused", "Value: Please give an"),
    ("96 won, below nought", {"Status": "Won", "Value": "-5"}, "refused", "Value: Please check"),
    ("96 won, endless", {"Status": "Won", "Value": "1e9999"}, "refused", "Value: Please give an"),
    ("96 lost, no reason", {**LOST, "Reason": ""}, "refused", "Reason: Please choose why"),
    ("96 lost, odd reason", {**LOST, "Reason": "moon"}, "refused", "Reason: Please choose one"),
    ("96 lost, who decided", {**LOST, "Decided by": ""}, "refused", "Decided by: Please say who"),
    ("96 lost", LOST, "applied", "Lost"),
    ("96 the next step", {"Status": "open", "Next step on": "1.12.26"}, "applied", "Not made"),
    ("96 a day gone by", {"Status": "open", "Next step on": "1.1.2026"}, "refused", "ahead"),
    ("96 no day", {"Status": "open", "Next step on": "soon"}, "refused", "Next step on: Please"),
    ("nothing filled in", {}, "unchanged", "Nothing filled in"),
    ("too long", {"Status": "open", "Feedback": "x" * 5001}, "refused", "Feedback: Please keep"),
]


def test_each_row_is_taken_or_refused_in_words(ctx: Flask) -> None:
    house = House()
    keys = {
        "foreign": house.key(house.foreign),
        "colleagues": house.key(house.colleagues),
        "unknown": house.key(house.first, 1).replace(f"{house.first}-", "9-", 1),
        "dragged": house.key(house.first)[:-1] + "x",
    }
    keys["unknown"] = write_key(RowKey(987_654, 0), "a secret for tests")
    sheet = next(row for row in rows_of(house.alice) if row["Key"] == house.key(house.first))
    told = {}
    for case, cells, fate, words in ROWS:
        row = {**sheet, **cells}
        row["Key"] = keys.get(row["Key"], row["Key"])
        if row["Reason"] == "too_expensive":
            row["Reason"] = reason().upper() + " "
        with session().begin_nested() as tried:
            (found,) = give_back(house.alice, as_csv([row])).rows
            given = feedback.newest(house.first)
            if (found.fate.value, words in found.said) != (fate, True):
                told[case] = (found.fate.value, found.said)
            assert (given is not None and given.channel == "sheet") == (fate == "applied"), case
            tried.rollback()
        session().expire_all()
    assert told == {}


def test_a_sheet_asks_what_the_programme_asks(ctx: Flask) -> None:
    """96: what the lead definition and the deadline policy want has a column of its own."""
    house = House()
    held = session().get_one(Pickup, house.first, populate_existing=True)
    lead_type = session().get_one(Lead, held.lead_id).type_id
    session().add(LeadRequirement(type_id=lead_type, step="win", field="products"))
    policy = get_policy(held)
    policy.waiting_since, held.waiting_since = True, None
    session().flush()
    first, second = rows_of(house.alice)
    assert {"Bought", "Waiting since"} <= set(first)
    assert "Who got it" not in first
    waits = {"Status": "Waiting", "Feedback": "Again."}
    report = give_back(house.alice, as_csv([{**first, **WON}, {**second, **waits}]))
    asked = {row.said.partition(":")[0] for row in report.rows}
    assert asked == {"Bought", "Waiting since"}
    told = [
        {**first, **WON, "Bought": "12 switches"},
        {**second, **waits, "Waiting since": "12.11.2026"},
    ]
    assert fates(give_back(house.alice, as_csv(told))) == ["applied", "applied"]


def test_what_was_answered_meanwhile_is_not_written_over(ctx: Flask) -> None:
    """95: last week's sheet, the same file twice, and the same words by another way."""
    house = House()
    rows = {row["Key"]: row for row in rows_of(house.alice)}
    stale, fresh = rows[house.key(house.first)], rows[house.key(house.second)]
    actor = get_actor(house.alice.id)
    feedback.give(house.first, Answer("proposal", note="Sent on Friday."), actor, AT)
    sheet = as_csv([{**stale, **WON}, {**fresh, "Status": "Proposal in progress"}])
    report = give_back(house.alice, sheet)
    assert fates(report) == ["conflict", "applied"]
    assert "Proposal in progress. That stays." in report.rows[0].said
    assert "Friday" not in report.rows[0].said
    # what is offered to be mended says what was typed, and would not give it as an answer
    assert report.return_id is not None
    (too_late,) = reports.to_mend(report.return_id).values()
    assert (too_late.typed, "Your sheet said: Won" in too_late.remark) == ({}, True)
    given = session().scalar(select(func.count()).select_from(Feedback))
    events = session().scalar(select(func.count()).select_from(EventRow))
    # the very same file once more: the same report, and nothing happens
    again = give_back(house.alice, sheet)
    assert (again.again, again.return_id, again.rows) == (True, report.return_id, report.rows)
    assert session().scalar(select(func.count()).select_from(Feedback)) == given
    assert session().scalar(select(func.count()).select_from(EventRow)) == events
    # saved once more it is another file: what it says is here already
    said = {"Status": "Angebot", "Feedback": "Sent on Friday."}
    assert fates(give_back(house.alice, as_csv([{**stale, **said}], ";", "cp1252"))) == [
        "unchanged"
    ]
    # where nobody vouches for who sent it, no lead is closed
    closing = as_csv([{**rows_of(house.alice)[0], **WON}])
    doubtful = operations.take_back(closing, "x.csv", actor, LATER, "mail", may_close=False)
    assert fates(doubtful) == ["refused"]
    # where somebody does, the same file closes it, once
    sure = give_back(house.alice, closing)
    assert (fates(sure), sure.again, sure.return_id) == (["applied"], False, doubtful.return_id)
    assert (fates(give_back(house.alice, closing)), len(sure.rows)) == (["applied"], 1)
    # an answer taken back is a change, too
    last = feedback.newest(house.second)
    assert last is not None
    newer = next(row for row in rows_of(house.alice) if row["Key"] == house.key(house.second))
    feedback.take_back(last.id, actor, LATER)
    assert fates(give_back(house.alice, as_csv([{**newer, **WON}]))) == ["conflict"]
    # lost for another reason is another answer, too
    third = pick(house.alice)
    (row,) = (row for row in rows_of(house.alice) if row["Key"] == house.key(third))
    first, other = book().reasons("lost")[:2]
    feedback.give(
        third, Answer("lost", reason=str(first.id), decision_maker="Head of IT"), actor, AT
    )
    for chosen, fate in ((first, "unchanged"), (other, "conflict")):
        lost = as_csv([{**row, **LOST, "Reason": chosen.label("en")}])
        assert fates(give_back(house.alice, lost)) == [fate], chosen
    # and what went to somebody else is no longer answered
    pickup.give_back(house.second, "no_capacity", None, actor, LATER)
    (gone,) = give_back(house.alice, as_csv([{**fresh, **WON}])).rows
    assert (gone.fate.value, "not in your hands any more" in gone.said) == ("refused", True)


def test_a_sheet_has_no_more_rows_than_it_may_bring_back(
    ctx: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = House()
    monkeypatch.setattr(contents, "MOST_ROWS", 1)
    sheet = sheet_of(house.alice)
    assert [row[NUMBER] for row in sheet.rows] == [
        session().get_one(Lead, session().get_one(Pickup, house.first).lead_id).number
    ]
    assert "These are the 1 leads that are due first; more are in hand." in sheet.help


def test_what_stands_under_a_heading_of_his_own_is_not_lost_without_a_word(ctx: Flask) -> None:
    house = House()
    row = rows_of(house.alice)[0] | {"Status": "Waiting", "Mine": "Ring on Monday"}
    assert fates(give_back(house.alice, as_csv([row]))) == ["applied"]
    row = rows_of(house.alice)[0] | {"Status": "Waiting"}
    del row["Feedback"]
    report = give_back(house.alice, as_csv([row | {"What he said": "Ring on Monday"}]))
    assert fates(report) == ["refused", "applied"]
    assert report.rows[0].number == 1
    assert "No column is called Feedback, and what stands under What he said" in report.rows[0].said


def test_good_rows_are_taken_whatever_became_of_the_sheet(ctx: Flask) -> None:
    """93, 94: a column gone and another put in, renamed, a second sheet, a row twice, formulas."""
    house = House()
    for _more in range(2):
        pick(house.alice)

    def fill(page: object) -> None:
        put(page, 0, Status="Won", Value=Decimal("12500.506"), Feedback="=1+1 pays")
        put(page, 1, Status='="Won"', Value=3)
        put(page, 2, Status="Won")
        put(page, 3, Status="Waiting", Value=700, Next_step_on=datetime(2026, 12, 1, 9))  # noqa: DTZ001
        page["K3"].data_type = "s"
        page.append([cell.value for cell in page[5]])
        page.delete_cols(5, 2)
        page.insert_cols(2)
        page.title = "Kunden"
        page.parent.create_sheet("Mine")["A1"] = "notes of my own"

    report = give_back(house.alice, filled_in(house.alice, fill))
    assert fates(report) == ["applied", "refused", "refused", "applied", "refused"]
    formula, twice, also = (row.said for row in report.rows if row.fate.value == "refused")
    assert formula == "Status: there is a formula. Please type the answer."
    assert twice == also == "This lead is answered in more than one row. Please leave it in one."
    won = feedback.newest(report.rows[0].pickup_id or 0)
    assert won is not None
    assert (won.value, won.note, won.channel) == (Decimal("12500.51"), "=1+1 pays", "sheet")
    waits = feedback.newest(report.rows[3].pickup_id or 0)
    assert waits is not None
    assert (waits.value, waits.note) == (None, "Value: 700")
    # what was not taken comes back to be mended, with what was typed and what to look at
    again = reports.to_mend(report.return_id or 0)
    assert sorted(one.typed.get("status", "") for one in again.values()) == ["", "Won"]
    assert {"value": "3"} in [one.typed for one in again.values()]
    # without the keys nothing is guessed
    keyless = [{name: row[name] for name in row if name != "Key"} for row in rows_of(house.alice)]
    assert "hidden column" in give_back(house.alice, as_csv(keyless)).problem
    assert "no column is called Status" in give_back(house.alice, b"a,b\n1,2\n").problem


def test_the_same_file_at_the_same_moment_is_one_return(committed: Flask) -> None:
    """95: pressed twice, each row is answered once."""

    @factory
    def begin() -> tuple[User, bytes]:
        house = House()
        row = next(row for row in rows_of(house.alice) if row["Key"] == house.key(house.first))
        return house.alice, as_csv([{**row, **WON}])

    alice, data = begin()
    told = []

    def press() -> None:
        with committed.app_context(), unit_of_work():
            told.append(give_back(alice, data))

    at_once(press, press)
    assert sorted(report.again for report in told) == [False, True]
    assert told[0].rows == told[1].rows
    assert fates(told[0]) == ["applied"]
    with committed.app_context():
        given = select(func.count()).select_from(Feedback).where(Feedback.status == "won")
        assert session().scalar(given) == 1


Make = Callable[[Path], object]
FAR = (
    '<row r="2"><c r="A2" t="inlineStr"><is><t>Key</t></is></c>'
    '<c r="B2" t="inlineStr"><is><t>Status</t></is></c></row>'
    '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
)
MERGED = '<mergeCells count="1"><mergeCell ref="A3:XFD1048576"/></mergeCells>'
MANY = "".join(
    f'<row r="{n}"><c r="A{n}" t="inlineStr"><is><t>{"Key" if n == 1 else n}</t></is></c>'
    f'<c r="B{n}" t="inlineStr"><is><t>Status</t></is></c></row>'
    for n in range(1, 4_000)
)
# what else a workbook may hold is tried where it is opened, in tests/imports/test_workbook.py
HOSTILE: list[tuple[str, Make | bytes, str]] = [
    ("90 far cell and endless merge", with_rows(FAR, MERGED), ""),
    ("90 more rows than leads", with_rows(MANY), "more than 1000 rows"),
    ("90 a bomb of blanks", spaces, "packed in a way"),
    ("90 entries upon each other", overlapping, "more memory"),
    ("91 an entity from outside", outside_entity, "can't be read"),
    ("92 macros", with_part("xl/vbaProject.bin"), "macros"),
    ("92 an old or locked workbook", b"\xd0\xcf\x11\xe0" + b"0" * 999, "old workbook, or one"),
    ("92 a page", b"<html><table><tr><td>Status</td></tr></table></html>", "web page"),
    ("92 nothing", b"", "file is empty"),
    ("92 too long", b"Key,Status\n" * 600_000, "longer than 5 MB"),
]
NAMES = ("\u200b.htaccess", "../../x.xlsx", "n" * 300, "exe.\u202excslx", "")


@pytest.mark.parametrize(("case", "make", "words"), HOSTILE, ids=[case for case, *_ in HOSTILE])
def test_a_hostile_file_is_refused_in_words(
    ctx: Flask, tmp_path: Path, case: str, make: Make | bytes, words: str
) -> None:
    path = tmp_path / "sheet.xlsx"
    path.write_bytes(make) if isinstance(make, bytes) else make(path)
    began = time.monotonic()
    report = give_back(make_person(locale="en"), path.read_bytes(), name=NAMES[len(case) % 5])
    assert time.monotonic() - began < 25
    assert any(part in report.problem for part in words.split("|"))
    assert not report.rows
    assert not {"\u200b", "\u202e", "/"} & set(report.problem.partition(":")[0])


def test_a_sheet_comes_through_a_spreadsheet_program(ctx: Flask, tmp_path: Path) -> None:
    """98: LibreOffice opens our file and saves it as its own; what was typed comes in."""
    house = House()

    def fill(page: object) -> None:
        put(page, 0, Status="Won", Value=12500.5, Feedback="+ Straße, ab März")
        put(page, 1, Status="Waiting for their answer", Next_step_on=datetime(2026, 12, 1))  # noqa: DTZ001

    (tmp_path / "in.xlsx").write_bytes(filled_in(house.alice, fill))
    command = ["soffice", f"-env:UserInstallation=file://{tmp_path}/profile", "--headless"]
    subprocess.run(
        [*command, "--convert-to", "xlsx", "--outdir", tmp_path / "out", tmp_path / "in.xlsx"],
        check=True,
        capture_output=True,
        timeout=60,
    )
    saved = (tmp_path / "out" / "in.xlsx").read_bytes()
    page = load_workbook(io.BytesIO(saved))["Leads"]
    mark = page.parent.custom_doc_props["Sheet"].value
    assert mark == page.parent.properties.identifier
    assert mark.startswith(f"{house.alice.id}-")
    assert page.column_dimensions["A"].hidden
    assert page.protection.sheet
    assert page.parent["Lists"].sheet_state == "hidden"
    assert any(one.formula1 for one in page.data_validations.dataValidation)
    assert fates(give_back(house.alice, saved)) == ["applied", "applied"]
    ends = [session().get_one(Pickup, one).outcome for one in (house.first, house.second)]
    assert sorted(map(str, ends)) == ["None", "won"]
    given = {one.status: one for one in session().scalars(select(Feedback).order_by(Feedback.id))}
    assert (given["won"].value, given["won"].note) == (Decimal("12500.50"), "+ Straße, ab März")
    assert str(given["waiting"].next_step_on) == "2026-12-01"


def text_of(mail: EmailMessage) -> str:
    """Return what a mail says."""
    part = mail.get_body(("plain",))
    assert part is not None
    return str(part.get_content())


def test_a_sheet_comes_by_mail_on_its_day_and_its_answer_too(ctx: Flask) -> None:
    house = House()
    held = session().get_one(Pickup, house.first)
    lead = session().get_one(Lead, held.lead_id)
    session().get_one(LeadType, lead.type_id).teaser_fields = []
    lead.title = "Kept from teasers"
    monday, seven = 1, AT.replace(hour=6, minute=1) + timedelta(days=7)
    choose(house.alice.id, AT, sheet_weekday=monday)
    choose(house.bob.id, AT, sheet_weekday=monday, sheet_kind="csv")
    # what somebody orders goes on once she ends her digests with one click
    end_digests(house.alice.id, AT)
    choose(house.anna.id, AT, sheet_weekday=5)
    session().flush()
    # chosen on a Monday at 10: the first comes on the next one, from seven o'clock in Berlin
    # and to who is away on her day, once she is back
    friday = AT.date() + timedelta(days=4)
    days = (friday, friday + timedelta(days=1))
    add_absence(house.anna.organisation_id, *days, AT, user_id=house.anna.id)
    mails = select(OutgoingEmail).order_by(OutgoingEmail.id)
    for at in (AT + timedelta(hours=1), AT + timedelta(days=5), seven - timedelta(minutes=2)):
        assert not session().scalars(mails).all()
        jobs.run_now("sheets.send", {}, at)
    assert [one.user_id for one in session().scalars(mails)] == [house.anna.id]
    for _twice in range(2):
        jobs.run_now("sheets.send", {}, seven)
    written = session().scalars(mails.where(OutgoingEmail.kind == "weekly_sheet")).all()
    assert [one.user_id for one in written] == [house.anna.id, house.alice.id, house.bob.id]
    # the queue knows no contact data, nor does the text: the file is made when it is sent
    assert not any(map(told_of_contact, written))
    assert written[1].encloses == {
        "maker": "sheets.weekly",
        "user_id": house.alice.id,
        "kind": "xlsx",
    }
    pickup.give_back(house.second, "no_capacity", None, get_actor(house.alice.id), LATER)
    session().execute(update(User).where(User.id == house.bob.id).values(active=False))
    with serving(ctx) as server:
        jobs.run_now("mail.drain", {}, seven)
        sent = {str(mail["To"].addresses[0].addr_spec): mail for mail in server.mails}
        (enclosed,) = sent[house.alice.email].iter_attachments()
        assert enclosed.get_filename() == "feedback-2026-11-23.xlsx"
        assert enclosed.get_content_type() == files.TYPES["xlsx"]
        page = load_workbook(io.BytesIO(enclosed.get_content()))["Leads"]
        assert [cell.value for cell in page["C"][2:]] == [CONTACT["last_name"]]
        assert "in the file of this mail" in text_of(sent[house.alice.email])
        # who has no access any more gets nothing
        assert house.bob.email not in sent
        given_up = session().get_one(OutgoingEmail, written[2].id, populate_existing=True)
        assert (given_up.status, class_of(given_up.error or "")) == ("failed", "left")
        # filled in and sent back: one answer with what to mend, once for each file
        server.mails.clear()
        row = next(row for row in rows_of(house.alice))
        data = as_csv([{**row, **WON, "Value": ""}])
        for _twice in range(2):
            report = give_back(house.alice, data, "mail")
        give_back(house.alice, b"<html>no sheet</html>", "mail")
        jobs.run_now("mail.drain", {}, seven)
    answer, problem = server.mails
    texts = [mail.text + mail.html for mail in session().scalars(mails)]
    assert not any("Kept from teasers" in text for text in texts)
    assert "1 row not taken" in str(answer["Subject"])
    (mended,) = answer.iter_attachments()
    page = load_workbook(io.BytesIO(mended.get_content()))["Leads"]
    heads, cells = ([cell.value for cell in row] for row in page["A2:Z3"])
    row = dict(zip(heads, cells, strict=True))
    assert row["Status"] == "Won"
    assert row["Please look"] == "Value: Please give the value of the order."
    assert "web page" in text_of(problem)
    # nothing of what was written lies open, and after a month nothing of it is left
    assert session().scalars(select(SheetRow)).all() == []
    jobs.run_now("sheets.forget", {}, LATER + timedelta(days=31))
    assert session().scalars(select(SheetReturn)).all() == []
    assert report.again


def test_the_page_gives_a_sheet_and_takes_it_back(app: Flask) -> None:
    @factory
    def world() -> tuple[User, User]:
        house = House()
        return house.alice, house.bob

    alice, bob = world()
    client, other = sign_in(app.test_client(), alice), sign_in(app.test_client(), bob)
    token = csrf_of(client.get("/sheet").text)
    taken = client.get("/sheet/file?as=csv")
    assert taken.headers["Content-Disposition"].startswith("attachment; filename=feedback-")

    def send(data: bytes) -> object:
        sent = {"file": (io.BytesIO(data), "sheet.csv"), "csrf_token": token}
        return client.post("/sheet", data=sent, content_type="multipart/form-data")

    head, first, *rest = taken.data.decode("utf-8-sig").splitlines()
    filled = "\n".join([head, first.replace(",,,,,,,", ',Won,"<b>sold</b>",,,,,'), *rest])
    answer = send(filled.encode())
    assert answer.status_code == 303
    told = client.get(answer.location).text
    assert "1 row not taken" in told
    assert "Value: Please give the value of the order." in told
    mended = client.get(f"{answer.location}/file?as=csv").text
    assert "<b>sold</b>" in mended
    assert send(filled.encode()).location == answer.location
    assert "no column is called Status" in send(b"a,b\n1,2\n").text
    assert send(b"").status_code == 422
    # whose it is not, for him it is not there
    for path in (answer.location, f"{answer.location}/file"):
        assert other.get(path).status_code == 404
    assert "does not come by mail" in client.get("/sheet").text
    wishes = {"hears": "at_once", "digest_hour": "8", "digest_weekday": "1", "csrf_token": token}
    wishes |= {"quiet_from": "", "quiet_until": "", "extent": "full", "sheet_kind": "csv"}
    for day, answer in (("9", 422), ("5", 303)):
        sent = {**wishes, "sheet_weekday": day}
        assert client.post("/settings/mail", data=sent).status_code == answer
    assert "It comes: Friday at 7:00" in client.get("/sheet").text


def test_the_programme_has_sheets_sent_to_who_chose_nothing_until_they_end_it(ctx: Flask) -> None:
    house = House()
    weekly = {"partner_rep": Unchosen(Hears.WEEKLY, sheet_weekday=1), "nobody": Unchosen()}
    manager = get_actor(make_manager().id)
    for _twice in range(2):
        set_defaults(weekly, manager, AT)
    set_ = session().scalars(select(EventRow).where(EventRow.name == "RoleDefaultSet")).all()
    assert [one.data["role"] for one in set_] == ["partner_rep"]
    choose(house.bob.id, AT, sheet_weekday=None, hears="daily")
    session().flush()

    def written_by(at: datetime) -> list[int]:
        jobs.run_now("sheets.send", {}, at)
        query = select(OutgoingEmail).where(OutgoingEmail.kind == "weekly_sheet")
        return [one.user_id for one in session().scalars(query.order_by(OutgoingEmail.id))]

    # who chooses something else on the day on which Fridays were set has none of last Friday
    set_defaults({"partner_manager": Unchosen(sheet_weekday=5)}, manager, AT)
    choose(house.anna.id, AT, quiet_from=22, quiet_until=7)
    assert written_by(AT + timedelta(minutes=5)) == []
    choose(house.anna.id, AT, sheet_weekday=None)
    # it was set on a Monday: the first goes out on the next one, and not to who chose otherwise
    seven = AT.replace(hour=6, minute=1) + timedelta(days=7)
    assert written_by(seven - timedelta(minutes=2)) == []
    assert written_by(seven) == [house.alan.id]
    end("sheet", house.alan.id, seven)
    assert written_by(seven + timedelta(days=7)) == [house.alan.id]
    assert find_hearer(house.alan, seven).wishes.hears == Hears.WEEKLY


def test_days_are_read_and_sheets_are_due_as_people_mean_it() -> None:
    days = ("1.12.2026", "01.12.26", "2026-12-01 09:00:00", "31.2.2026", "soon")
    assert [as_day(day) for day in days] == [*["2026-12-01"] * 3, "31.2.2026", "soon"]
    wednesday = datetime(2026, 11, 18, 6, 59)  # noqa: DTZ001 – a moment of its reader's clock
    assert [sheet_due_on(3, wednesday + timedelta(minutes=n)).day for n in (0, 1)] == [11, 18]
    assert sheet_due_on(7, wednesday).day == 15
