"""the chain of all events"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_table(
        "event_links",
        sa.Column("event_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("place", sa.BigInteger(), nullable=True),
        sa.Column("hash", sa.LargeBinary(), nullable=True),
        sa.Column("words_hash", sa.LargeBinary(), nullable=True),
        sa.Column("linked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(place IS NULL) = (hash IS NULL)", name=op.f("ck_event_links_whole")),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_event_links")),
        sa.UniqueConstraint("place", name=op.f("uq_event_links_place")),
    )
    with op.batch_alter_table("event_links", schema=None) as batch_op:
        batch_op.create_index(
            "ix_event_links_waiting",
            ["event_id"],
            unique=False,
            postgresql_where=sa.text("place IS NULL"),
        )
    with op.batch_alter_table("event_private", schema=None) as batch_op:
        # volatile, so that each row that is there gets a salt of its own
        batch_op.add_column(
            sa.Column(
                "salt",
                sa.LargeBinary(),
                server_default=sa.text("uuid_send(gen_random_uuid())"),
                nullable=False,
            )
        )

    # by a trigger, so that no event is left out, whoever writes it: also a process of the version
    # before, which still runs while this one is rolled out
    op.execute(
        """
        CREATE FUNCTION put_event_in_line() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            INSERT INTO event_links (event_id) SELECT id FROM written;
            RETURN NULL;
        END $$
        """
    )
    op.execute(
        """
        CREATE TRIGGER events_wait_for_their_link AFTER INSERT ON events
        REFERENCING NEW TABLE AS written
        FOR EACH STATEMENT EXECUTE FUNCTION put_event_in_line()
        """
    )
    op.execute("INSERT INTO event_links (event_id) SELECT id FROM events ORDER BY id")

    op.execute(
        """
        CREATE FUNCTION refuse_link_change() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF TG_OP = 'UPDATE' AND OLD.place IS NULL AND NEW.event_id = OLD.event_id THEN
                RETURN NEW;
            END IF;
            RAISE EXCEPTION 'links of events are never changed or deleted';
        END $$
        """
    )
    op.execute(
        """
        CREATE TRIGGER event_links_are_final BEFORE UPDATE OR DELETE ON event_links
        FOR EACH ROW EXECUTE FUNCTION refuse_link_change()
        """
    )
    op.execute(
        """
        CREATE TRIGGER event_links_are_not_emptied BEFORE TRUNCATE ON event_links
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_link_change()
        """
    )
    op.execute(
        """
        CREATE FUNCTION refuse_words_change() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION 'personal words of events are erased, never changed';
        END $$
        """
    )
    op.execute(
        """
        CREATE TRIGGER event_private_is_erased_only BEFORE UPDATE ON event_private
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_words_change()
        """
    )


def downgrade() -> None:
    op.execute("DROP TRIGGER event_private_is_erased_only ON event_private")
    op.execute("DROP FUNCTION refuse_words_change()")
    op.execute("DROP TRIGGER events_wait_for_their_link ON events")
    op.execute("DROP FUNCTION put_event_in_line()")
    op.drop_table("event_links")
    op.execute("DROP FUNCTION refuse_link_change()")
    with op.batch_alter_table("event_private", schema=None) as batch_op:
        batch_op.drop_column("salt")
