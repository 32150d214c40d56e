"""A run of its own for every journey."""

import pytest

from tests.factories import make_programme
from tests.live import Live


@pytest.fixture
def road(committed, tmp_path):
    """Return web, worker, scheduler and mail catcher on a database of the journey's own."""
    make_programme()
    live = Live(committed, tmp_path)
    for words in (["catcher"], ["worker", "now", "mail"], ["worker", "bulk"], ["scheduler"]):
        live.start(*words)
    yield live
    live.stop()
