"""`python -m bench [NAME]`: measure, print a table, write `var/bench.json`."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from bench import (
    available_page,
    capture_http,
    contact_read,
    duplicates,
    fair_months,
    import_rows,
    lead_list,
    mail_fanout,
    match_bulk,
    match_one,
    neglected_page,
    partner_rates,
    pickup_http,
    report_page,
    score_all,
    sign_in_flood,
    simulation,
    sla_sweep,
    stream_fanout,
    table,
)
from bench.house import House
from bench.load import have_wrk

MEASUREMENTS = {
    "pickup_http": pickup_http.measure,
    "available_page": available_page.measure,
    "contact_read": contact_read.measure,
    "duplicate_candidates": duplicates.measure,
    "duplicate_all": duplicates.measure_all,
    "form_http": capture_http.measure_forms,
    "capture_http": capture_http.measure_rows,
    "fair_months": fair_months.measure,
    "import_rows": import_rows.measure,
    "lead_list": lead_list.measure,
    "match_one": match_one.measure,
    "match_bulk": match_bulk.measure,
    "neglected_page": neglected_page.measure,
    "partner_rates": partner_rates.measure,
    "report_page": report_page.measure,
    "mail_fanout": mail_fanout.measure,
    "stream_fanout": stream_fanout.measure,
    "score_all": score_all.measure,
    "simulation": simulation.measure,
    "sign_in_flood": sign_in_flood.measure,
    "sla_sweep": sla_sweep.measure,
}


def main(names: list[str]) -> int:
    """Run the named measurements, or all; 1 where a goal was missed."""
    unknown = [name for name in names if name not in MEASUREMENTS]
    if unknown:
        print(f"There is no {unknown[0]}; choose of: {', '.join(MEASUREMENTS)}", file=sys.stderr)
        return 2
    have_wrk()
    print(table.machine())
    found = []
    with House() as house:
        for name in names or MEASUREMENTS:
            began = time.monotonic()
            one = MEASUREMENTS[name](house)
            one.notes.append(f"took {time.monotonic() - began:.0f} s")
            table.show(one)
            sys.stdout.flush()
            found.append(one)
    table.write(found, Path("var") / "bench.json")
    return int(any(one.met is False for one in found))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
