"""versions of the lead definition"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0022"
down_revision = "0021"

WHO = ("created_by", "changed_by", "activated_by")


def upgrade() -> None:
    op.add_column("lead_definitions", sa.Column("created_by", sa.BigInteger(), nullable=True))
    op.add_column("lead_definitions", sa.Column("content", postgresql.JSONB(), nullable=True))
    op.add_column(
        "lead_definitions", sa.Column("version", sa.Integer(), server_default="1", nullable=False)
    )
    for name in ("changed_at", "activated_at", "retired_at"):
        op.add_column(
            "lead_definitions", sa.Column(name, sa.DateTime(timezone=True), nullable=True)
        )
    for name in WHO[1:]:
        op.add_column("lead_definitions", sa.Column(name, sa.BigInteger(), nullable=True))
    for name in WHO:
        op.create_foreign_key(
            op.f(f"fk_lead_definitions_{name}_users"), "lead_definitions", "users", [name], ["id"]
        )
    op.create_index(
        "uq_lead_definitions_draft",
        "lead_definitions",
        ["active"],
        unique=True,
        postgresql_where=sa.text("NOT active AND retired_at IS NULL"),
    )
    op.create_check_constraint(
        op.f("ck_lead_definitions_content"), "lead_definitions", "active = (content IS NULL)"
    )
    for name, usual in (("position", "0"), ("priority", "5"), ("importance", "4")):
        op.add_column(
            "lead_types", sa.Column(name, sa.Integer(), server_default=usual, nullable=False)
        )
    numbers, words = postgresql.ARRAY(sa.BigInteger()), postgresql.ARRAY(sa.Text())
    op.add_column("lead_types", sa.Column("status_ids", numbers, nullable=True))
    op.add_column("lead_transitions", sa.Column("type_ids", numbers, nullable=True))
    op.add_column("lead_transitions", sa.Column("roles", words, nullable=True))
    op.add_column("qualification_questions", sa.Column("type_ids", numbers, nullable=True))
    # in the order of the list that people have chosen from so far
    op.execute(
        "UPDATE lead_types t SET position = p.place - 1 FROM (SELECT id, row_number() OVER "
        "(PARTITION BY definition_id ORDER BY id) AS place FROM lead_types) AS p WHERE p.id = t.id"
    )


def downgrade() -> None:
    op.drop_column("qualification_questions", "type_ids")
    op.drop_column("lead_transitions", "roles")
    op.drop_column("lead_transitions", "type_ids")
    for name in ("status_ids", "importance", "priority", "position"):
        op.drop_column("lead_types", name)
    op.drop_constraint(op.f("ck_lead_definitions_content"), "lead_definitions")
    op.drop_index("uq_lead_definitions_draft", table_name="lead_definitions")
    for name in WHO:
        op.drop_constraint(op.f(f"fk_lead_definitions_{name}_users"), "lead_definitions")
    for name in ("retired_at", "activated_at", "changed_at", "version", "content", *WHO):
        op.drop_column("lead_definitions", name)
