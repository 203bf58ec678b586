"""The migrations of the contacts database, run by Alembic."""
