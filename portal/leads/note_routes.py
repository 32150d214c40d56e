"""Addresses of notes about a lead; the pages are those of `timeline.note_pages`."""

from __future__ import annotations

from flask import Blueprint

from portal.leads.activity_routes import get_place
from portal.timeline.note_pages import add_pages
from portal.web.access import signed_in

blueprint = Blueprint("notes", __name__)
add_pages(blueprint, "/leads/<int:lead_id>", signed_in, get_place)
