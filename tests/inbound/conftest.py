"""What the tests of incoming mail begin with."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest

from portal.inbound import parsing
from tests.inbound.replying import SERVER, take_apart_here

# Postfix starts for root alone
collect_ignore = [] if os.geteuid() == 0 else ["test_postfix.py"]


@pytest.fixture
def programme(app, monkeypatch):
    """Return the application, whose mail server says who vouches for a sender."""
    settings = replace(app.config["SETTINGS"], authserv_id=SERVER)
    monkeypatch.setitem(app.config, "SETTINGS", settings)
    return app


@pytest.fixture
def inside(programme, monkeypatch):
    """Open the application's context, and take mails apart in this process, which is quicker."""
    monkeypatch.setattr(parsing, "take_apart", take_apart_here)
    with programme.app_context():
        yield programme
