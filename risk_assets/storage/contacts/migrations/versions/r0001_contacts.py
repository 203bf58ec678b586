"""Contacts, and what they add up to for each client."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "contacts",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True),
        sa.Column("token", sa.Text, nullable=False, unique=True),
        sa.Column("client", sa.Text, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("at", sa.Text, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("follow_up_on", sa.Text),
        sa.Column("snooze_until", sa.Text),
        sa.Column("left_on", sa.Text),
        sa.Column("risk", sa.Double),
        sa.UniqueConstraint("client", "revision"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "client_states",
        sa.Column("client", sa.Text, primary_key=True),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("at", sa.Text, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("rests_until", sa.Text, index=True),
        sa.Column("follow_up_on", sa.Text, index=True),
    )


def downgrade() -> None:
    """Drop the tables."""
    op.drop_table("client_states")
    op.drop_table("contacts")
