"""The web application, as gunicorn wants it: `gunicorn -c gunicorn.conf.py app:app`."""

import sys

from portal.core.config import SettingsMissing
from portal.factory import create_app

try:
    app = create_app()
except SettingsMissing as missing:
    sys.stderr.write(f"{missing}\n")
    sys.exit(3)  # the one code at which gunicorn stops; after any other it would try without end
