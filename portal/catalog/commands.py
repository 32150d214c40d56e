"""`portal fields`: the programme's own fields as a file, out and in from the shell."""

from __future__ import annotations

from portal.catalog.field_bringing import KEPT
from portal.web.commands import commands

fields = commands(KEPT)
