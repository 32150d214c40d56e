"""Lists of leads come in: every row accounted for, nothing twice, nobody called who must not be."""

from __future__ import annotations

import csv
import io
import json
import random
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from openpyxl import Workbook
from sqlalchemy import func, select, update

from portal.core import jobs
from portal.core.db import db, session, unit_of_work
from portal.core.events import EventRow
from portal.imports import files, intake, operations
from portal.imports import jobs as import_jobs
from portal.imports.commands import find_mapping, import_leads
from portal.imports.intake import Counts, Intake
from portal.imports.models import ImportRow, LeadImport
from portal.imports.reading import open_table
from portal.imports.wall import open_to
from portal.leads import wall
from portal.leads.intake.mapping import Mapping, propose_mapping
from portal.leads.models import (
    Lead,
    LeadContact,
    LeadState,
    Suppression,
)
from tests import factories

COLUMNS = {
    "Lead ID": "external_id",
    "Topic": "title",
    "Company": "company",
    "First Name": "first_name",
    "Last Name": "last_name",
    "Email": "email",
    "Phone": "phone",
    "Country": "country",
    "Industry": "industry",
    "Lead Source": "source",
    "Stage": "stage",
    "Disqualified Reason": "disqualified_reason",
}

HEADER = ",".join(COLUMNS)


def line(number: object, **over: str) -> str:
    """Write one row of a list."""
    values = {
        "topic": f"Cabinets {number}",
        "company": "Muster GmbH",
        "first": "Erika",
        "last": "Muster",
        "email": f"erika{number}@muster.example",
        "phone": "",
        "country": "DE",
        "industry": "Banking",
        "source": "Purchased List",
        "stage": "New",
        "reason": "",
        **over,
    }
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="").writerow([number, *values.values()])
    return buffer.getvalue()


def bring_in(
    lines: Iterable[str] | bytes, system: str = "crm", dry: bool = False, **columns: str
) -> Counts:
    """Bring a list in as the command does and return the counts."""
    content = lines if isinstance(lines, bytes) else "\n".join([HEADER, *lines]).encode()
    file = io.BytesIO(content)
    table = open_table(file)
    mapping = Mapping(system, columns or {h: COLUMNS[h] for h in table.headers if h in COLUMNS})
    if dry:
        return import_jobs.try_out(table, mapping, factories.AT)
    with unit_of_work():
        row = files.add_import("list.csv", "", table.shape, mapping, factories.AT, None)
    return import_jobs.work_through(row.id, file, factories.AT)


def kept_rows(state: str = "refused") -> list[ImportRow]:
    """Return what is kept of the rows of the last import."""
    last = session().scalars(select(func.max(LeadImport.id))).one()
    with open_to(last) as own:
        return list(own.scalars(select(ImportRow).where(ImportRow.state == state)))


def adds_up(counts: Counts) -> bool:
    return counts.rows == counts.imported + counts.unchanged + counts.refused


def lead(number: str, system: str = "crm") -> Lead:
    found = session().scalars(
        select(Lead)
        .where(Lead.source_system == system, Lead.external_id == number)
        .execution_options(populate_existing=True)
    )
    return found.one()


@pytest.fixture
def programme(ctx: Flask) -> Flask:
    factories.make_programme()
    return ctx


def test_an_imported_lead_is_an_inquiry_with_its_originals(programme: Flask) -> None:
    counts = bring_in([line(1, phone="0511 7654321", industry="Financial Services")])
    assert (counts.rows, counts.imported) == (1, 1)
    found = lead("1")
    assert found.state == LeadState.CAPTURED
    assert found.number.startswith("L-")
    assert found.industry_original == "Financial Services"
    assert found.industry_id
    assert found.source_id
    assert found.source_original == "Purchased List"
    contact = factories.contact_of(found.id)
    assert contact.phone_e164 == "+495117654321"
    assert contact.last_name == "Muster"


def test_a_second_run_changes_nothing(programme: Flask) -> None:
    lines = [line(n) for n in range(30)] + [line(31, email="not an address")]
    bring_in(lines)
    before = session().execute(select(Lead.id, Lead.version, Lead.import_id)).all()
    counts = bring_in(lines)
    assert (counts.imported, counts.unchanged, counts.refused) == (0, 30, 1)
    db.session.expire_all()
    assert session().execute(select(Lead.id, Lead.version, Lead.import_id)).all() == before


def test_rows_without_numbers_are_known_again_by_what_they_say(programme: Flask) -> None:
    content = b"Company;Email\nA;a@a.example\nB;b@b.example\nA;a@a.example\n"
    columns = {"Company": "company", "Email": "email"}
    first = bring_in(content, **columns)
    assert (first.imported, first.unchanged, first.repeated) == (2, 1, 1)
    second = bring_in(content, **columns)
    assert (second.imported, second.unchanged) == (0, 3)


def test_a_changed_row_updates_a_lead_that_nobody_has_touched(programme: Flask) -> None:
    bring_in([line(1)])
    counts = bring_in([line(1, topic="Two cabinets", last="Neumann")])
    assert (counts.imported, counts.updated, counts.unchanged) == (1, 1, 0)
    found = lead("1")
    assert found.title == "Two cabinets"
    assert found.version == 2
    contact = factories.contact_of(found.id)
    assert contact.last_name == "Neumann"


def test_a_lead_that_somebody_works_on_is_left_alone(programme: Flask) -> None:
    bring_in([line(1)])
    session().execute(update(Lead).values(state=LeadState.QUALIFYING))
    counts = bring_in([line(1, topic="Two cabinets")])
    assert (counts.imported, counts.unchanged, counts.left_alone) == (0, 1, 1)
    assert lead("1").title == "Cabinets 1"


def test_the_first_of_two_rows_with_one_number_counts(programme: Flask) -> None:
    lines = [line(1), line(1, topic="Something else"), line(1)]
    for imported, unchanged in ((1, 1), (0, 2)):
        counts = bring_in(lines)
        assert (counts.imported, counts.unchanged, counts.refused) == (imported, unchanged, 1)
        assert lead("1").title == "Cabinets 1"
    refused = kept_rows()[0]
    assert refused is not None
    assert "Row 2" in refused.reasons["external_id"]


def test_the_same_number_in_another_system_is_another_lead(programme: Flask) -> None:
    bring_in([line(1)], system="crm")
    assert bring_in([line(1)], system="fair").imported == 1


def test_disqualified_rows_keep_their_reason_and_are_never_offered(programme: Flask) -> None:
    counts = bring_in([line(1, stage="Disqualified", reason="Wrong Contact")])
    assert (counts.imported, counts.disqualified) == (1, 1)
    found = lead("1")
    assert found.state == LeadState.DISQUALIFIED
    assert found.disqualified_original == "Wrong Contact"
    assert found.disqualified_reason_id


def test_who_must_not_be_called_stays_so_in_every_later_list(programme: Flask) -> None:
    away = line(1, stage="Disqualified", reason="Unsubscribed/Do Not Call", phone="0511 7654321")
    counts = bring_in([line(0, email="ERIKA1@muster.example"), away])
    assert counts.suppressed == 2
    keys = set(session().scalars(select(Suppression.key)))
    assert keys == {"external:crm:1", "email:erika1@muster.example", "phone:+495117654321"}

    later = [
        line(7, email="Erika1@Muster.example"),
        line(8, email="", phone="+49 511 76 54 321"),
        line(9),
    ]
    counts = bring_in(later, system="fair")
    assert counts.suppressed == 2
    assert lead("7", "fair").suppressed
    assert lead("8", "fair").suppressed
    assert not lead("9", "fair").suppressed
    # a later list without the remark does not lift it
    counts = bring_in([line(1)])
    assert lead("1").suppressed


def test_a_wish_not_to_be_called_reaches_leads_that_are_in_already(programme: Flask) -> None:
    bring_in([line(1, email="a@a.example")])
    bring_in([line(2, email="a@a.example", reason="do not call")], system="fair")
    assert lead("1").suppressed


def test_a_lead_on_offer_is_not_withdrawn_by_a_list(programme: Flask) -> None:
    factories.make_partner()
    offered = factories.make_offered_lead()
    counts = bring_in([line(1, email=factories.CONTACT["email"], reason="do not call")])
    assert counts.on_offer == 1
    again = session().get_one(Lead, offered.id, populate_existing=True)
    assert (again.state, again.suppressed) == (LeadState.OFFERED, False)
    told = session().scalars(select(EventRow).where(EventRow.name == "ContactSuppressed")).one()
    assert told.data["on_offer"] == [offered.id]


def test_a_try_writes_nothing_and_counts_the_same(programme: Flask) -> None:
    lines = [
        line(1, reason="do not call"),
        line(2, email="erika1@muster.example"),
        line(3, email="nonsense"),
        line(4, stage="Disqualified", reason="Abandoned"),
        line(4, stage="Disqualified", reason="Abandoned"),
    ]
    tried = bring_in(lines, dry=True)
    with wall.open_to_search():
        for table in (Lead, LeadContact, LeadImport, ImportRow, Suppression, EventRow):
            assert session().scalar(select(func.count()).select_from(table)) == 0
    assert tried == bring_in(lines)
    assert adds_up(tried)


def test_one_event_tells_of_an_import(programme: Flask) -> None:
    bring_in([line(n) for n in range(5)])
    told = session().scalars(select(EventRow)).all()
    assert [event.name for event in told] == ["LeadsImported"]
    assert told[0].data["imported"] == 5


@pytest.mark.parametrize(
    ("encoding", "delimiter", "newline"),
    [("utf-8-sig", ",", "\n"), ("cp1252", ";", "\r\n"), ("utf-16", "\t", "\n")],
)
def test_lists_of_any_make_come_in_alike(
    programme: Flask, encoding: str, delimiter: str, newline: str
) -> None:
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=delimiter, lineterminator=newline)
    writer.writerow(["Lead ID", "Company", "Last Name"])
    writer.writerow(["1", 'Müller, Söhne & "Co"; KG', "Größe"])
    writer.writerow(["2", "Zweite\nZeile", "Ñandú"])
    counts = bring_in(buffer.getvalue().encode(encoding))
    assert (counts.imported, counts.refused) == (2, 0)
    contact = factories.contact_of(lead("1").id)
    assert (contact.company, contact.last_name) == ('Müller, Söhne & "Co"; KG', "Größe")


def test_ragged_rows_are_refused_with_a_reason_and_kept_as_they_were(programme: Flask) -> None:
    content = b"Lead ID,Company\n1,A\n2,B,surplus,cells\n\n3\n"
    counts = bring_in(content)
    assert (counts.rows, counts.imported, counts.refused) == (3, 2, 1)
    [refused] = kept_rows()
    assert refused.row_number == 3
    assert refused.raw["cells"] == ["2", "B", "surplus", "cells"]


@pytest.mark.parametrize("seed", range(6))
def test_every_row_of_an_odd_list_is_accounted_for(programme: Flask, seed: int) -> None:
    chance = random.Random(seed)
    lines, blank = [], 0
    for _turn in range(400):
        kind = chance.randrange(9)
        number = chance.choice([chance.randrange(150), "", "1,5E+10", "ä\u202ex"])
        if kind == 0:
            lines.append(chance.choice(["", ",,,,,,,,,,,"]))
            blank += 1
        elif kind == 1:
            lines.append(line(number) + ",surplus")
        elif kind == 2:
            lines.append(f"{number},only,three")
        else:
            odd = ["", "x", "\x00", "=1+1", "nobody", "1@", "a@b.example", "Ünï", "9" * 400]
            lines.append(
                line(
                    number,
                    email=chance.choice(odd),
                    phone=chance.choice(odd),
                    country=chance.choice(["DE", "", "Narnia"]),
                    stage=chance.choice(["New", "Disqualified", ""]),
                    reason=chance.choice(["", "do not call", "Bad Email"]),
                )
            )
    tried = bring_in(lines, dry=True)
    first = bring_in(lines)
    second = bring_in(lines)
    assert first.rows == len(lines) - blank
    assert adds_up(first)
    assert (tried.imported, tried.refused, tried.unchanged) == (
        first.imported,
        first.refused,
        first.unchanged,
    )
    assert session().scalar(select(func.count(Lead.id))) == first.imported
    assert adds_up(second)
    assert (second.imported, second.refused) == (0, first.refused)


class Killed(BaseException):
    """What a killed process would have been."""


def test_an_import_that_is_killed_goes_on_where_it_stopped(
    committed: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "BATCH_ROWS", 10)
    factories.make_programme()
    lines = [line(n) for n in range(35)] + [line(3, topic="Other")] + [line(50, email="odd")]
    path = tmp_path / "list"
    path.write_text("\n".join([HEADER, *lines]))
    with committed.app_context():
        with path.open("rb") as file:
            table = open_table(file)
        with unit_of_work():
            row = files.add_import(
                "list.csv", str(path), table.shape, Mapping("crm", COLUMNS), factories.AT, None
            )
            operations.queue_import(row.id, dry_run=False)
        take, taken = Intake.take, []

        def take_two(self: Intake, batch: Any) -> None:
            take(self, batch)
            taken.append(batch)
            if len(taken) == 3:
                raise Killed

        with monkeypatch.context() as hands:
            hands.setattr(Intake, "take", take_two)
            with pytest.raises(Killed):
                jobs.run_now("imports.run", {"import_id": row.id})
        half = session().get_one(LeadImport, row.id)
        assert (half.state, half.rows_done) == ("running", 20)
        assert session().scalar(select(func.count(Lead.id))) == 20
        session().rollback()

        jobs.run_now("imports.run", {"import_id": row.id})
        jobs.run_now("imports.run", {"import_id": row.id})
        done = session().get_one(LeadImport, row.id)
        assert done.state == "done"
        assert done.report["rows"] == 37
        assert done.report["imported"] == 35
        assert done.report["refused"] == 2
        assert session().scalar(select(func.count(Lead.id))) == 35
        assert len(kept_rows()) == 2
        assert session().scalar(select(func.count(EventRow.id))) == 1


def test_two_processes_never_run_one_import(programme: Flask) -> None:
    file = io.BytesIO("\n".join([HEADER, line(1)]).encode())
    table = open_table(file)
    with unit_of_work():
        row = files.add_import(
            "list.csv", "", table.shape, Mapping("crm", COLUMNS), factories.AT, None
        )
        operations.begin(row.id, factories.AT)
    known = intake.read_known("EUR")
    two = [
        Intake(table, Mapping("crm", COLUMNS), known, factories.AT, import_id=row.id)
        for _process in range(2)
    ]
    import_jobs.take_all(two[0], None)
    with pytest.raises(intake.TakenOver):
        import_jobs.take_all(two[1], None)


# -- the command -----------------------------------------------------------------------------


def call(app: Flask, *arguments: str) -> Any:
    return app.test_cli_runner().invoke(import_leads, [str(each) for each in arguments])


@pytest.fixture
def shell(app: Flask) -> Flask:
    factories.make_programme()
    return app


def write(path: Path, *lines: str) -> str:
    path.write_text("\n".join(lines), encoding="utf-8")
    return str(path)


def test_the_command_tells_its_counts_as_json(shell: Flask, tmp_path: Path) -> None:
    known = (
        "LeadId,Title,Industry,Employees,TimeZone,Stage,CreatedDate,LeadSource,DisqualifiedReason"
    )
    path = write(
        tmp_path / "list.csv",
        known,
        "1,Manager,Banking,50,PST,New,20210105,Purchased List,",
        "2,,Banking,50,PST,Disqualified,20210105,Purchased List,Unsubscribed/Do Not Call",
        "3,,Banking,many,PST,New,20219905,Purchased List,",
    )
    result = call(shell, path, "--json")
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert told.pop("seconds") >= 0
    assert told.pop("import_id") > 0
    assert told == {
        "rows": 3,
        "imported": 2,
        "unchanged": 0,
        "refused": 1,
        "disqualified": 1,
        "suppressed": 1,
        "updated": 0,
        "duplicates": 0,
        "dry_run": False,
    }
    again = json.loads(call(shell, path, "--json").stdout)
    assert (again["imported"], again["unchanged"], again["refused"]) == (0, 2, 1)
    tried = json.loads(call(shell, path, "--json", "--dry-run").stdout)
    assert tried["dry_run"]
    assert tried["import_id"] is None


def test_the_command_takes_a_mapping_and_prints_a_table(shell: Flask, tmp_path: Path) -> None:
    path = write(tmp_path / "a list.csv", "a,b", "1,Muster GmbH")
    mapping = write(
        tmp_path / "mapping.json",
        json.dumps({"source_system": "own", "columns": {"a": "external_id", "b": "company"}}),
    )
    result = call(shell, path, "--mapping", mapping)
    assert result.exit_code == 0, result.output
    assert "Imported" in result.stdout


@pytest.mark.parametrize(
    ("content", "arguments"),
    [
        (None, ()),
        (b"", ()),
        (b"PK\x03\x04 a workbook", ()),
        (b"what,ever\n1,2\n", ()),
        (b"Lead ID\n1\n", ("--mapping", "nowhere.json")),
        (b"Lead ID\n1\n", ("--mapping", __file__)),
    ],
)
def test_what_can_t_be_read_is_said_in_one_line(
    shell: Flask, tmp_path: Path, content: bytes | None, arguments: tuple[str, ...]
) -> None:
    path = tmp_path / "list.csv"
    if content is not None:
        path.write_bytes(content)
    result = call(shell, str(path), *arguments)
    assert result.exit_code == 1
    assert len(result.stderr.strip().splitlines()) == 1
    assert not result.stdout


def test_a_list_of_unknown_make_counts_as_of_its_name(tmp_path: Path) -> None:
    table = open_table(io.BytesIO(b"id,company\n1,A\n"))
    assert propose_mapping(table.headers).mapping.source_system == ""
    mapping = find_mapping(table, None, "", Path("Trade fair (2026).csv"))
    assert mapping.source_system == "Trade-fair-2026"
    assert find_mapping(table, None, "fair", Path("x.csv")).source_system == "fair"


def test_names_of_files_are_labels_only() -> None:
    assert files.name_label("../../etc/passwd") == "passwd"
    assert files.name_label("C:\\lists\\leads.csv") == "leads.csv"
    assert files.name_label("..\u200b/..\u200b/x\u202evsc.exe\n") == "xvsc.exe"
    assert files.name_label("\x00") == "list.csv"
    assert files.name_label(None) == "list.csv"
    assert len(files.name_label("a" * 5000)) < 130


def test_the_command_takes_a_sheet_of_a_workbook(shell: Flask, tmp_path: Path) -> None:
    book = Workbook()
    book.active.title = "Fair"
    book.active.append(["Lead ID", "Company", "Email"])
    book.active.append([7, "Muster GmbH", "erika@muster.example"])
    book.create_sheet("Notes").append(["Hall", 5])
    book.save(tmp_path / "list.xlsx")
    asked = call(shell, tmp_path / "list.xlsx", "--system", "crm")
    assert asked.exit_code == 1
    assert "“Fair”, “Notes”" in asked.stderr
    done = call(shell, tmp_path / "list.xlsx", "--system", "crm", "--sheet", "Fair", "--json")
    assert json.loads(done.stdout)["imported"] == 1
