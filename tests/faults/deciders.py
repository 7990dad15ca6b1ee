"""Four people in a process of their own, who decide on every item that waits, at once and in different orders.

    python deciders.py <project> <seed>

Says `ready`, begins when it is told to, and then says who decided what.
"""

import asyncio
import os
import random
import sys
from pathlib import Path

import orjson

from pointsman.assemble import Pointsman, assemble, journal_of
from pointsman.errors import Refused
from pointsman.flows.decisions import Decider
from pointsman.folder import examine
from pointsman.journal.port import Approval, Page

PEOPLE = 4


async def main(root: Path, seed: int) -> None:
    examined = examine(root)
    journal = journal_of(examined.project, root, os.environ)
    async with assemble(examined, root, environ=os.environ, journal=journal) as pointsman:
        items = await journal.approvals(Page(limit=1000))
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        people = [decide(pointsman, items, f"{seed}-{number}") for number in range(PEOPLE)]
        won = [choice for choices in await asyncio.gather(*people) for choice in choices]
        print(orjson.dumps(won).decode(), flush=True)


async def decide(pointsman: Pointsman, items: list[Approval], name: str) -> list[dict[str, str]]:
    """What this person decided before anybody else."""
    assert pointsman.decisions is not None
    chance, won = random.Random(name), []
    for item in chance.sample(items, len(items)):
        choice = chance.choice(("approve", "edit", "reject"))
        edit = {"text": f"Edited by {name}"} if choice == "edit" else None
        try:
            await pointsman.decisions.decide(
                item.id, "reject" if choice == "reject" else "approve", Decider(name), hash=item.hash, edit=edit
            )
        except Refused as fault:
            assert fault.status == 409, fault
        else:
            won.append({"id": item.id, "choice": choice, "by": name})
    return won


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
