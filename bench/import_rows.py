"""A long and untidy list of inquiries through `portal import-leads`, in a process of its own."""

from __future__ import annotations

import csv
import json
import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path

from bench.house import ROOT, House
from bench.table import Measured

ROWS = 200_000
GOAL, MOST_MEMORY = 1_000.0, 300.0

HEADERS = (
    "Inquiry number",
    "Received",
    "Source",
    "Company",
    "First name",
    "Last name",
    "Phone",
    "E-mail",
    "Street",
    "Postcode",
    "City",
    "Country",
    "Industry",
    "Employees",
    "Product",
    "Remark",
)
CITIES = (
    ("30159", "Hannover", "Germany"),
    ("80331", "München", "DE"),
    ("1010", "Wien", "Austria"),
    ("8001", "Zürich", "CH"),
    ("75001", "Paris", "France"),
    ("SW1A 1AA", "London", "UK"),
)
INDUSTRIES = ("Manufacturing", "Healthcare", "Retail", "Education", "manufacturing ", "Logistics")
SOURCES = ("Trade fair", "Website", "Phone", "E-mail", "Campaign")
PRODUCTS = ("Switches", "Cabinets", "Monitoring", "")


def write_list(path: Path, rows: int) -> None:
    """Write a list as a telemarketing agency would send it; every 500th row can't be read."""
    dice = random.Random(7)
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file, delimiter=";")
        out.writerow(HEADERS)
        for number in range(1, rows + 1):
            postcode, city, country = dice.choice(CITIES)
            spoiled = number % 500 == 0
            out.writerow(
                (
                    f"B-{number:07}",
                    "31.02.2026" if spoiled else f"{1 + number % 28:02}.{1 + number % 9:02}.2026",
                    dice.choice(SOURCES),
                    f"Works {number} GmbH",
                    "Eva",
                    f"Kern-{number}",
                    f"+49 511 {1000000 + number}",
                    f" eva.kern{number}@works{number % 5000}.example",
                    f"Road {number % 90}",
                    postcode,
                    city,
                    country,
                    dice.choice(INDUSTRIES),
                    dice.choice(("12", "250", "1.200", "50-99")),
                    dice.choice(PRODUCTS),
                    "Needs a quote before the audit; calls back, “please”" * (number % 3),
                )
            )


def measure(house: House) -> Measured:
    """Return rows per second of one import, and what its process needed at most."""
    with house.database("list") as database:
        path = house.folder / "list.csv"
        write_list(path, ROWS)
        environment = house.environment(database.url) | {"PATH": os.defpath, "LOG_LEVEL": "ERROR"}
        words = [sys.executable, "-m", "portal.cli", "import-leads", str(path)]
        words += ["--system", "bench", "--json"]
        with tempfile.TemporaryFile("w+") as said:
            child = subprocess.Popen(
                words, cwd=ROOT, env=environment, stdout=said, stderr=subprocess.STDOUT
            )
            _pid, status, used = os.wait4(child.pid, 0)
            child.returncode = os.waitstatus_to_exitcode(status)
            said.seek(0)
            told = said.read()
        if child.returncode:
            raise RuntimeError(f"the import stopped: {told[-500:]}")
        counts = json.loads(told[told.index("{") :])
        leads = database.value("SELECT count(*) FROM leads")
    if counts["rows"] != ROWS or leads != counts["imported"] or not leads:
        raise RuntimeError(f"the import counted wrong: {counts}, leads: {leads}")
    rate, memory = ROWS / counts["seconds"], used.ru_maxrss / 1024
    return Measured(
        "import_rows",
        rate,
        "rows/s",
        n=ROWS,
        goal=f"at least {GOAL:,.0f}/s, < {MOST_MEMORY:.0f} MB",
        met=rate >= GOAL and memory < MOST_MEMORY,
        notes=[
            (
                f"{counts['imported']:,} imported, {counts['refused']:,} refused with reasons; "
                f"peak memory {memory:.0f} MB; "
                f"{(used.ru_utime + used.ru_stime) / ROWS * 1000:.2f} ms of Python for each row"
            )
        ],
    )
