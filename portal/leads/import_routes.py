"""Pages of imports: upload, say what the columns mean, try, run, see what was refused."""

from __future__ import annotations

from flask import Blueprint

from portal.leads.commands import import_leads

blueprint = Blueprint("imports", __name__, url_prefix="/imports", cli_group=None)
# the command stands beside the pages: both bring a list in
blueprint.cli.add_command(import_leads)
