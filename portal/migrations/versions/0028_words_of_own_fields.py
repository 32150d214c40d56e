"""leads are found by the words of the programme's own fields"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"


def upgrade() -> None:
    op.create_index(
        "ix_lead_fields_words",
        "lead_fields",
        [sa.text("""jsonb_to_tsvector('simple'::regconfig, custom, '["string"]'::jsonb)""")],
        postgresql_using="gin",
    )


def downgrade() -> None:
    op.drop_index("ix_lead_fields_words", table_name="lead_fields")
