"""The web application, as gunicorn wants it: `gunicorn -c gunicorn.conf.py app:app`."""

from portal.factory import create_app

app = create_app()
