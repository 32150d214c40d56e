"""Files that other systems drop: taken once, whole, and out of the way."""

from __future__ import annotations

import json
import os
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from portal.capture import feeds, jobs
from portal.core.db import session
from portal.imports.models import LeadImport
from portal.leads.models import Lead
from tests.factories import AT, make_programme

ROWS = [
    {"external_id": "A-1", "company": "Meier GmbH", "contact": {"email": "eva@meier.example"}},
    {"company": "Schulz AG"},
    {"company": "Adler KG", "country": "Atlantis"},
]


@pytest.fixture
def folder(ctx, monkeypatch, tmp_path):
    make_programme()
    session().commit()  # what is rolled back below begins here
    found = feeds.home(tmp_path)
    monkeypatch.setattr(feeds, "home", lambda _var: found)
    (found / "erp").mkdir()
    return found


def drop(folder, name, said, old=60):
    path = folder / "erp" / name
    path.write_bytes(said if isinstance(said, bytes) else said.encode())
    moment = (AT - timedelta(seconds=old)).timestamp()
    os.utime(path, (moment, moment))
    return path


def count():
    return session().scalar(select(func.count()).select_from(Lead))


def lines(rows):
    return "".join(json.dumps(row) + "\n" for row in rows)


def test_json_lines_are_taken_once_with_a_result_for_each(folder):
    drop(folder, "a.jsonl", lines(ROWS) + "no json\n")
    jobs.take_feeds({}, AT)
    assert count() == 2
    (kept,) = (folder / "erp" / "done").glob("*-a.jsonl")
    results = kept.with_name(f"{kept.name}.results.jsonl")
    told = [json.loads(line) for line in results.read_text().splitlines()]
    assert [one["index"] for one in told] == [0, 1, 2, 3]
    assert [one["status"] for one in told] == ["created", "created", "refused", "refused"]
    assert "Meier" not in str(told)
    drop(folder, "again.jsonl", lines(ROWS[:2]))
    jobs.take_feeds({}, AT)
    assert count() == 2, "the same rows make nothing twice, with a number or without"
    assert feeds.forget(folder, AT + timedelta(days=40_000)) == 4


def test_what_is_half_written_or_no_feed_waits(folder, tmp_path):
    secret = tmp_path / "secret.jsonl"
    secret.write_text(lines(ROWS))
    (folder / "erp" / "link.jsonl").symlink_to(secret)
    drop(folder, "fresh.jsonl", lines(ROWS), old=5)
    drop(folder, "a.jsonl.part", lines(ROWS))
    drop(folder, ".hidden.jsonl", lines(ROWS))
    drop(folder, "empty.jsonl", "")
    drop(folder, "a.exe", "MZ")
    before = sorted(one.name for one in (folder / "erp").iterdir())
    jobs.take_feeds({}, AT)
    assert sorted({*before, ".taking"}) == sorted(one.name for one in (folder / "erp").iterdir())
    assert count() == 0


def test_what_a_killed_worker_left_is_taken_up_again(folder):
    path = drop(folder, "a.jsonl", lines(ROWS))
    taking = folder / "erp" / feeds.TAKING
    taking.mkdir()
    path.rename(taking / "20261116090000-a.jsonl")
    with feeds.alone(folder) as mine:
        assert mine
        jobs.take_feeds({}, AT)
        assert count() == 0, "another worker is at it"
    jobs.take_feeds({}, AT)
    assert count() == 2
    assert not list(taking.iterdir())


def test_a_list_is_an_import_and_what_cannot_be_read_is_put_aside(folder):
    drop(folder, "fair.csv", "Lead ID,Company,E-mail\nA-1,Meier GmbH,eva@meier.example\n")
    drop(folder, "bad.csv", b"\x00\x01\x02\xff" * 50)
    drop(folder, "bad.xlsx", b"PK\x03\x04 no workbook")
    jobs.take_feeds({}, AT)
    row = session().scalars(select(LeadImport)).one()
    assert (row.state, row.report["imported"]) == ("done", 1)
    lead = session().scalars(select(Lead)).one()
    assert (lead.source_system, lead.external_id) == ("erp", "A-1")
    failed = sorted(one.name.partition("-")[2] for one in (folder / "erp" / "failed").iterdir())
    assert failed == ["bad.csv", "bad.xlsx"]
