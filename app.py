"""The web application, as gunicorn wants it: `gunicorn -c gunicorn.conf.py app:app`."""

import gc
import sys

from portal.core.config import SettingsMissing
from portal.core.greenlets import let_queries_wait
from portal.factory import create_app

let_queries_wait()
try:
    app = create_app()
except SettingsMissing as missing:
    sys.stderr.write(f"{missing}\n")
    sys.exit(3)  # the one code at which gunicorn stops; after any other it would try without end
# what stands by now stays, so the collector need not look at it again
gc.freeze()
# a request leaves hardly anything for it; a look at thousands of open streams holds everybody up
gc.set_threshold(50_000, 20, 50)
