"""What a step costs: a 10-step no-op flow, in a line and side by side, against hand-written asyncio and LangGraph.

    python benchmarks/engine.py            a table
    python benchmarks/engine.py --json

Expected before the first run: the facts measured 2-10 µs a step for a bare prototype; with records, retries and
deadlines 10-30 µs. The aim is at most 50 µs. Median of several rounds; CPU time of this process.
"""

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

from pointsman.assemble import assemble
from pointsman.folder import examine

STEPS = 10
FUNCTIONS = "async def nothing(**before):\n    return 1\n"


def flow(parallel: bool) -> str:
    lines = ["flow: it", "steps:"]
    for number in range(STEPS):
        last = number == STEPS - 1
        before = range(number) if parallel and last else range(max(0, number - 1), number) if not parallel else ()
        given = ", ".join(f'x{earlier}: "${{{{ s{earlier} }}}}"' for earlier in before)
        lines.append(f'  s{number}: {{python: "functions:nothing", with: {{{given}}}, returns: integer}}')
    return "\n".join([*lines, f'reply: {{it: "${{{{ s{STEPS - 1} }}}}"}}', ""])


async def pointsman(parallel: bool, rounds: int) -> list[float]:
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        (root / "flows").mkdir()
        (root / "project.yaml").write_text("project: bench\n")
        (root / "functions.py").write_text(FUNCTIONS)
        (root / "flows/it.yaml").write_text(flow(parallel))
        built = assemble(examine(root), root, environ={})

        async def once() -> None:
            await built.engine.start("it", {}, door="bench").answered()

        try:
            return await timed(once, rounds)
        finally:
            await built.close()


async def by_hand(parallel: bool, rounds: int) -> list[float]:
    async def nothing(**before: int) -> int:
        return 1

    async def once() -> None:
        if not parallel:
            value = 0
            for _ in range(STEPS):
                value = await nothing(x=value)
            return
        values = await asyncio.gather(*(nothing() for _ in range(STEPS - 1)))
        await nothing(**{f"x{number}": value for number, value in enumerate(values)})

    return await timed(once, rounds)


async def langgraph(parallel: bool, rounds: int) -> list[float]:
    import operator
    from typing import Annotated, TypedDict

    from langgraph.graph import END, START, StateGraph

    class State(TypedDict):
        values: Annotated[list[int], operator.add]

    async def nothing(state: State) -> dict[str, list[int]]:
        return {"values": [1]}

    # LangGraph looks a node's types up by name, and these are local.
    nothing.__annotations__ = {"state": State}
    graph: Any = StateGraph(State)
    names = [f"s{number}" for number in range(STEPS)]
    for name in names:
        graph.add_node(name, nothing)
    if parallel:
        for name in names[:-1]:
            graph.add_edge(START, name)
        graph.add_edge(names[:-1], names[-1])
    else:
        graph.add_edge(START, names[0])
        for before, after in pairwise(names):
            graph.add_edge(before, after)
    graph.add_edge(names[-1], END)
    compiled = graph.compile()

    async def once() -> None:
        await compiled.ainvoke({"values": []})

    return await timed(once, rounds)


async def timed(once: Callable[[], Awaitable[None]], rounds: int) -> list[float]:
    """CPU seconds of each round, after a warm-up."""
    for _ in range(min(rounds, 20)):
        await once()
    taken = []
    for _ in range(rounds):
        started = time.process_time()
        await once()
        taken.append(time.process_time() - started)
    return taken


def measure() -> list[dict[str, Any]]:
    kinds: list[tuple[str, Any, int]] = [
        ("hand-written asyncio", by_hand, 2000),
        ("Pointsman, ephemeral", pointsman, 1000),
        ("LangGraph, no checkpointer", langgraph, 200),
    ]
    rows = []
    for name, run, rounds in kinds:
        for parallel in (False, True):
            taken = asyncio.run(run(parallel, rounds))
            middle = statistics.median(taken)
            rows.append(
                {
                    "engine": name,
                    "shape": "9 at once + 1" if parallel else "10 in a line",
                    "flow_us": middle * 1e6,
                    "step_us": middle / STEPS * 1e6,
                    "p95_step_us": sorted(taken)[int(len(taken) * 0.95)] / STEPS * 1e6,
                }
            )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--json", action="store_true")
    rows = measure()
    if parser.parse_args().json:
        json.dump(rows, sys.stdout, indent=2)
        return
    print(f"{'engine':28} {'shape':15} {'µs a flow':>10} {'µs a step':>10} {'p95':>8}")
    for row in rows:
        costs = f"{row['flow_us']:10.1f} {row['step_us']:10.1f} {row['p95_step_us']:8.1f}"
        print(f"{row['engine']:28} {row['shape']:15} {costs}")


if __name__ == "__main__":
    main()
