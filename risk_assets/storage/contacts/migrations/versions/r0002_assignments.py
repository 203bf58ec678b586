"""Which listed clients are left uncalled, to tell whether calls help."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "assignments",
        sa.Column("client", sa.Text, primary_key=True),
        sa.Column("listed_on", sa.Text, primary_key=True),
        sa.Column("stratum", sa.Text, nullable=False),
        sa.Column("uncalled", sa.Boolean, nullable=False),
        sa.Column("risk", sa.Double, nullable=False),
        sa.Column("value", sa.Double),
    )


def downgrade() -> None:
    """Drop the table."""
    op.drop_table("assignments")
