"""A list of another house through the wizard: sheet, columns, preview, import, undo."""

from __future__ import annotations

import csv
import os
import re
from itertools import islice
from pathlib import Path

from openpyxl import Workbook
from playwright.sync_api import expect

from tests.browser.windows import PHONE
from tests.factories import make_manager
from tests.journeys.test_main_road import open_and_sign_in

# a list as another house really has it, where it lies beside us; else one of the same shape
REAL = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "leads_us_b2b.csv"
# all of it takes a minute, so `make soak` goes through it (THOROUGH=1)
ROWS = None if os.environ.get("THOROUGH") else 400
HEADERS = (
    *("LeadId", "Title", "Industry", "Employees", "TimeZone", "Stage", "CreatedDate"),
    *("OwnerEmployeeId", "ConvertedOpportunityId", "LeadSource", "DisqualifiedReason"),
)
MINUTES = 240_000
STAGES = (("New", ""), ("Working", ""), ("Disqualified", "Abandoned"), ("Qualified", ""))


def real_rows() -> list[list[str]]:
    """Return the list with its headers."""
    if REAL.exists():
        with REAL.open(encoding="utf-8-sig", newline="") as file:
            return list(islice(csv.reader(file), ROWS))
    rows = [list(HEADERS)]
    for n in range(1, ROWS or 2_000):
        stage, reason = STAGES[n % 4]
        size, zone = str(n % 9 * 50 or ""), "PST" if n % 3 else "EST"
        rest = ["20210105", "4", "", "Purchased List", reason]
        rows.append([str(n), "Manager" * (n % 2), "Retail", size, zone, stage, *rest])
    return rows


def test_a_list_goes_through_the_wizard_is_undone_and_comes_once_more(road, windows, tmp_path):
    rows = real_rows()
    book = Workbook()
    sheet = book.active
    sheet.title = "Leads"
    for row in rows:
        sheet.append(row)
    book.create_sheet("Read me").append(["Anonymised", "2021 to 2022"])
    book.save(tmp_path / "leads.xlsx")
    page = open_and_sign_in(road, windows, make_manager(), PHONE)

    upload(page, tmp_path / "leads.xlsx")
    page.get_by_text("Leads", exact=True).last.click()
    page.get_by_role("button", name="Use this sheet").click()
    expect(page.get_by_text("This looks like a list from MarketStar")).to_be_visible()
    page.get_by_label("Why its contacts may be approached").select_option("interest")
    page.get_by_role("button", name="Look at the rows first").click()
    expect(page.get_by_text("nothing has been written yet")).to_be_visible(timeout=MINUTES)
    assert road.value("SELECT count(*) FROM leads") == 0
    foreseen = chips(page)
    assert sum(foreseen.values()) == len(rows) - 1
    assert foreseen["New"] > len(rows) / 2

    page.get_by_role("button", name="Import now").click()
    expect(page.get_by_text("The list is in.")).to_be_visible(timeout=MINUTES)
    assert chips(page) == foreseen
    came = len(rows) - 1 - foreseen.get("Refused", 0) - foreseen.get("Twice in the file", 0)
    assert road.value("SELECT count(*) FROM leads WHERE basis = 'interest'") == came
    page.get_by_role("link", name=re.compile("^New ")).click()
    page.locator("#rows ~ .table-sheet a").first.click()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.go_back()

    page.get_by_role("link", name="Undo this import").click()
    page.get_by_role("button", name="Undo the import").click()
    expect(page.get_by_text("The import is undone.")).to_be_visible(timeout=MINUTES)
    # but for the one whose page was opened: somebody looked at its contact
    assert road.value("SELECT count(*) FROM leads") == 1
    expect(page.get_by_role("heading", name="These leads stay")).to_be_visible()

    # the same columns another day, as CSV: they are named already
    (tmp_path / "leads.csv").write_text("\n".join(",".join(row) for row in rows[:3]))
    upload(page, tmp_path / "leads.csv")
    expect(page.get_by_text("The columns are named as last time for “marketstar”.")).to_be_visible()
    expect(page.get_by_label("Why its contacts may be approached")).to_have_value("interest")


def chips(page):
    """Return how many rows are in each state, as the page says."""
    said = page.get_by_role("navigation", name="Rows").get_by_role("link").all_inner_texts()
    return {text.rpartition(" ")[0]: int(text.rpartition(" ")[2].replace(",", "")) for text in said}


def upload(page, path):
    page.goto("/imports/new")
    page.get_by_label("List of leads").set_input_files(path)
    page.get_by_role("button", name="Upload").click()
