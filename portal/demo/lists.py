"""The list of a trade fair that the channel manager brought in two days ago.

As all of the story it is brought about by the operations of the rooms.
"""

from __future__ import annotations

import io
from datetime import datetime

from portal.core import circumstances
from portal.demo.stage import Stage
from portal.imports import files, operations
from portal.imports.intake import Intake, read_known
from portal.imports.mappings import mapping_of
from portal.imports.reading import open_table
from portal.leads.intake.mapping import Mapping

NAME = "Visitors of our stand.csv"
CURRENCY = "EUR"
COLUMNS = {
    "Card": "external_id",
    "Subject": "title",
    "Company": "company",
    "Last name": "last_name",
    "E-mail": "email",
    "Country": "country",
    "Do not contact": "do_not_call",
}
CARDS = """\
F-101;Wireless for two warehouses;Hafenlager Nord GmbH;Brandt;brandt@hafenlager-nord.example;DE;
F-102;Cabinets for a new hall;Ostwerk Metallbau AG;Hinrichs;hinrichs@ostwerk.example;DE;
F-103;Cameras at three gates;Alpenblick Logistik;Moser;moser@alpenblick.example;AT;
F-104;Back-up for 40 work places;Kanzlei Reuter;Reuter;reuter@kanzlei-reuter;DE;
F-105;Wireless, second card;Hafenlager Nord GmbH;Brandt;brandt@hafenlager-nord.example;DE;
F-106;Telephones for a practice;Praxis am Markt;Lindner;lindner@praxis-am-markt.example;DE;yes
F-107;Monitoring of a server room;Stadtwerke Seeheim;Vogt;vogt@sw-seeheim.example;DE;
"""


def bring_in(stage: Stage, at: datetime) -> None:
    """Let the channel manager bring the cards of a fair in; one can't be read, one is a double."""
    file = io.BytesIO("\n".join((";".join(COLUMNS), CARDS)).encode())
    table = open_table(file)
    mapping = Mapping("fair", COLUMNS, {"source": "trade_show"})
    with circumstances.under(channel="web", actor_id=stage.manager.id):
        row = files.add_import(NAME, "", table.shape, mapping, at, stage.manager.id)
        operations.begin(row.id, at)
        intake = Intake(table, mapping_of(row), read_known(CURRENCY), at, import_id=row.id)
        for batch in intake.batches():
            intake.take(batch)
        operations.finish(row.id, intake.counts, at)
