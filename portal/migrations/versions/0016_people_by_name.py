"""people by name: pages and search"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    op.create_index("ix_users_by_name", "users", [sa.text("lower(name)"), "id"])
    op.create_index(
        "ix_users_search",
        "users",
        ["name", "email"],
        postgresql_using="gin",
        postgresql_ops={"name": "gin_trgm_ops", "email": "gin_trgm_ops"},
    )


def downgrade() -> None:
    op.drop_index("ix_users_search", table_name="users")
    op.drop_index("ix_users_by_name", table_name="users")
