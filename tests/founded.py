"""A new programme kept beside the tables, because nearly every test begins with one.

Here: how the rows that `found_programme` writes are put aside in the template database, and how a
test gets them back in one statement. A database without a call of `bring_back` is empty.
"""

from __future__ import annotations

from sqlalchemy import func, select, text

from portal.catalog.queries import forget_book
from portal.core.db import Base, session
from portal.founding import found_programme


def keep(at):
    """Found the programme, put its rows aside and leave the tables as empty as they were."""
    found_programme(at)
    connection = session().connection()
    tables = [
        table
        for table in Base.metadata.sorted_tables
        if session().scalar(select(func.count()).select_from(table))
    ]
    connection.execute(text("CREATE SCHEMA founded"))
    steps = []
    for table in tables:
        columns = ", ".join(f'"{column.name}"' for column in table.columns if not column.computed)
        connection.execute(text(f'CREATE TABLE founded."{table.name}" AS TABLE "{table.name}"'))
        steps.append(
            f'INSERT INTO public."{table.name}" ({columns}) OVERRIDING SYSTEM VALUE '
            f'SELECT {columns} FROM founded."{table.name}";'
        )
    connection.execute(
        text(
            "CREATE FUNCTION founded.bring_back() RETURNS void LANGUAGE plpgsql AS $$ BEGIN "
            + " ".join(steps)
            + " END $$"
        )
    )
    names = ", ".join(f'"{table.name}"' for table in tables)
    connection.execute(text(f"TRUNCATE {names} CASCADE"))
    session().expire_all()
    forget_book()


def bring_back():
    """Write the rows of a new programme, as `found_programme` would."""
    session().execute(text("SELECT founded.bring_back()"))
    forget_book()
