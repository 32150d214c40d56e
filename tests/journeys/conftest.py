"""A run of its own for every journey."""

import pytest


@pytest.fixture
def road(fresh):
    """Return web, worker, scheduler and mail catcher on a database of the journey's own."""
    served = ["now", "mail", "incoming"]
    for words in (["catcher"], ["worker", *served], ["worker", "bulk"], ["scheduler"]):
        fresh.start(*words)
    return fresh
