"""Brings the schema to this version: forward only, one process at a time, a newer one is left alone."""

from pointsman.errors import Broken
from pointsman.journal.postgres.links import Link
from pointsman.journal.postgres.queries import Migration, migrations, queries


async def migrate(link: Link, steps: tuple[Migration, ...] | None = None) -> None:
    """All or nothing. Raises Broken when the database is of a newer version; it is not touched then."""
    steps = migrations() if steps is None else steps
    named = queries()
    async with link.transaction():
        await link.execute(named["one_migration_at_a_time"])
        at = 0
        if await link.fetchval(named["has_migrations"]):
            at = await link.fetchval(named["newest_migration"])
        else:
            await link.execute(named["make_schema"])
            await link.execute(named["make_migrations"])
        newest = steps[-1].number
        if at > newest:
            raise Broken(
                f"the database is of schema version {at}, and this program knows versions up to {newest}.",
                where="journal",
                way_out="Use the newer version of Pointsman; nothing was changed.",
            )
        for step in steps:
            if step.number > at:
                await link.execute(step.sql)
                await link.execute(named["applied"], step.number, step.name)
