"""Which endpoint of a chat model answers: the first in order that can; the reason is kept in words."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, replace
from typing import Final

from pointsman.clock import Clock
from pointsman.errors import Broken, DeadlinePassed, Fault, Later
from pointsman.inference.openai import OpenAiWriter
from pointsman.inference.port import Question, Writer, Written
from pointsman.inference.template import TemplateWriter
from pointsman.secrets import Secrets
from pointsman.spec.model import ChatModel

AT_ONCE: Final = 8
"""Calls at once to one endpoint, over all runs of a process."""


def of_model(model: ChatModel, *, secrets: Secrets, clock: Clock) -> "Router":
    """The router of a model as its file says: its endpoints in order, or the template writer."""
    endpoints = {
        endpoint.name: OpenAiWriter(endpoint, model.model, secrets=secrets, clock=clock) for endpoint in model.endpoints
    }
    return Router(model.model, endpoints, clock=clock)


@dataclass(frozen=True, slots=True)
class _Place:
    name: str
    writer: Writer
    slots: asyncio.Semaphore


class Router:
    """One chat model. `endpoints`: writers by name, in the order in which they are asked."""

    def __init__(self, model: str, endpoints: Mapping[str, Writer], *, clock: Clock, at_once: int = AT_ONCE) -> None:
        self.model = model
        self._clock = clock
        self._places = [_Place(name, writer, asyncio.Semaphore(at_once)) for name, writer in endpoints.items()]
        self._template = TemplateWriter(model)

    async def write(self, question: Question) -> Written:
        """The first answer there is. On Later and Broken the next endpoint is asked; Refused ends it at once.

        When none can answer, that is raised with the reasons of all: Later if any of them may work later.
        """
        if not self._places:
            return await self._template.write(question)
        failed: list[_Failure] = []
        for place in self._places:
            try:
                async with self._slot(place, question):
                    written = await place.writer.write(question)
            except (Later, Broken) as fault:
                self._next(place, fault, failed, question)
            else:
                return replace(written, reason=_told([*failed, f"{place.name} answered"]))
        raise AssertionError("the last endpoint's fault was raised")

    async def stream(self, question: Question) -> AsyncIterator[str]:
        """The first endpoint's text that comes; once a text has come, its endpoint's fault is final."""
        if not self._places:
            async for text in self._template.stream(question):
                yield text
            return
        failed: list[_Failure] = []
        for place in self._places:
            begun = False
            try:
                async with self._slot(place, question), aclosing(_closable(place.writer.stream(question))) as texts:
                    async for text in texts:
                        begun = True
                        yield text
                    return
            except (Later, Broken) as fault:
                if begun:
                    raise
                self._next(place, fault, failed, question)

    async def close(self) -> None:
        for place in self._places:
            await place.writer.close()

    @asynccontextmanager
    async def _slot(self, place: _Place, question: Question) -> AsyncIterator[None]:
        """A place at the endpoint; waiting for it counts as time."""
        try:
            left = None if question.deadline is None else question.deadline - self._clock.monotonic()
            async with asyncio.timeout(left):
                await place.slots.acquire()
        except TimeoutError:
            where = f"model {self.model}, endpoint {place.name}"
            raise DeadlinePassed("no place became free in time.", where=where) from None
        try:
            yield
        finally:
            place.slots.release()

    def _next(self, place: _Place, fault: Later | Broken, failed: list["_Failure"], question: Question) -> None:
        """Keeps why this endpoint did not answer; raises when no other may be asked."""
        failed.append(_Failure(place.name, fault))
        late = question.deadline is not None and self._clock.monotonic() >= question.deadline
        if place is not self._places[-1] and not late:
            return
        if len(failed) == 1:
            raise fault
        raise self._all_failed(failed) from fault

    def _all_failed(self, failed: list["_Failure"]) -> Fault:
        last = next((one.fault for one in reversed(failed) if isinstance(one.fault, Later)), failed[-1].fault)
        rule, where = f"no endpoint answered. {_told(failed)}.", f"model {self.model}"
        if isinstance(last, Later):
            return type(last)(rule, where=where, way_out=last.way_out, delay=last.delay, status=last.status)
        return Broken(rule, where=where, way_out=last.way_out, status=last.status)


@dataclass(frozen=True, slots=True)
class _Failure:
    name: str
    fault: Later | Broken

    def __str__(self) -> str:
        return f"{self.name}: {self.fault.rule.rstrip('.')}"


def _told(parts: Sequence[_Failure | str]) -> str:
    return "; ".join(map(str, parts))


async def _closable(texts: AsyncIterator[str]) -> AsyncGenerator[str, None]:
    """Any iterator of texts as one that can be closed, and closes what it reads from."""
    try:
        async for text in texts:
            yield text
    finally:
        close = getattr(texts, "aclose", None)
        if close is not None:
            await close()
