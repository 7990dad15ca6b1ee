"""The console's pages and their addresses. Every state has a URL; `?format=json` on each gives the data behind it."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final
from urllib.parse import quote, urlencode

from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from pointsman.doors.console import answer, form, headline, review, runs, table, waterfall
from pointsman.doors.console.backend import Backend, FlowCard
from pointsman.doors.console.deciding import Deciding
from pointsman.doors.console.guard import Headers, same_origin
from pointsman.doors.console.render import STATIC, Renderer, as_json, is_partial, wants_json
from pointsman.errors import Fault, Later, Refused
from pointsman.journal.record import RunRecord

Handler = Callable[[Request], Awaitable[Response]]
_LATEST: Final = 8
_FOR_GOOD: Final = "public, max-age=31536000, immutable"


def routes(backend: Backend) -> list[BaseRoute]:
    """The console's routes, to be put after the API's in one Starlette application."""
    pages = Pages(backend)
    deciding = Deciding(backend, pages.show)
    around = [Middleware(Headers), Middleware(GZipMiddleware, minimum_size=800)]

    def get(path: str, handler: Handler) -> Route:
        return Route(path, pages.guarded(handler), methods=["GET"], middleware=around)

    def post(path: str, handler: Handler) -> Route:
        return Route(path, pages.guarded(handler), methods=["POST"], middleware=around)

    return [
        get("/", pages.home),
        post("/ask", pages.ask),
        post("/start/{flow}", pages.start),
        get("/answers/{run}", pages.one_answer),
        post("/answers/{run}/again", pages.again),
        get("/answers/{run}/evidence/{key:path}/{feature}", pages.evidence),
        get("/review", deciding.queue),
        post("/review/{approval}", deciding.decide),
        get("/runs", pages.run_list),
        get("/runs/{run}", pages.one_run),
        Mount("/static", _Assets(directory=STATIC), middleware=around),
    ]


class _Assets(StaticFiles):
    """Files whose address carries their digest, so that they never change under it."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        response = super().file_response(*args, **kwargs)
        response.headers["cache-control"] = _FOR_GOOD
        return response


class Pages:
    """One method a page."""

    def __init__(self, backend: Backend) -> None:
        self.backend = backend
        self.render = Renderer({"backend": backend, "again_url": _again_url, "reason_url": _reason_url})

    def guarded(self, handler: Handler) -> Handler:
        """A fault becomes a page (or a problem, RFC 9457) with its sentence, its status and the way out."""

        async def handle(request: Request) -> Response:
            try:
                if request.method == "POST":
                    same_origin(request)
                return await handler(request)
            except Fault as fault:
                return self._trouble(request, fault)

        return handle

    async def show(self, request: Request, template: str, code: int = 200, **values: Any) -> Response:
        """A page with what its head needs: how many items wait for people."""
        waiting = None if is_partial(request) else len(await self.backend.approvals(review.MOST_COUNTED + 1))
        return self.render.page(request, template, code, waiting=waiting, **values)

    async def home(self, request: Request) -> Response:
        latest = await self._latest()
        if wants_json(request):
            flows = [_card(card) for card in self.backend.flows()]
            return as_json({"flows": flows, "answers": [line.run for line, _ in latest]})
        return await self._home(request, latest, question=request.query_params.get("q", ""))

    async def ask(self, request: Request) -> Response:
        question = (await form.read(request)).get("question", "").strip()
        if not question:
            fault = Refused("No question was typed.", way_out="Write one, or take one of the examples.")
            return await self._home(request, await self._latest(), fault=fault)
        try:
            run = await self.backend.ask(question)
        except Refused as fault:
            return await self._home(request, await self._latest(), question=question, fault=fault)
        return RedirectResponse(_answer_url(run), status_code=303)

    async def start(self, request: Request) -> Response:
        name = request.path_params["flow"]
        card = next((card for card in self.backend.flows() if card.name == name), None)
        if card is None:
            raise _unknown("flow", name)
        typed = await form.read(request)
        try:
            run = await self.backend.start(name, form.values(typed, card.input))
        except Refused as fault:
            return await self._home(request, await self._latest(), fault=fault, typed_for=name, typed=typed)
        return RedirectResponse(_answer_url(run), status_code=303)

    async def again(self, request: Request) -> Response:
        """Asks once more what a run was asked; a new run, the old one stays."""
        run = await self._run(request)
        question = (run.reading or {}).get("question")
        new = await (self.backend.ask(question) if question else self.backend.start(run.flow, run.input))
        return RedirectResponse(_answer_url(new), status_code=303)

    async def one_answer(self, request: Request) -> Response:
        run = await self._run(request)
        if wants_json(request):
            return as_json(run.answer or {"run": run.id, "flow": run.flow, "status": run.status, "error": run.error})
        if run.answer is None:
            return await self.show(request, "unanswered.html", run=run, title=headline.of_run(run))
        query = request.query_params
        now = self.backend.now()
        asked = tuple(map(review.read, await self.backend.asked(run.id)))
        view = answer.view(run, now, page=_page(query.get("page")), open_key=query.get("open"), asked=asked)
        return await self.show(request, "answer.html", view=view, now=now)

    async def evidence(self, request: Request) -> Response:
        run = await self._run(request)
        key, feature = request.path_params["key"], request.path_params["feature"]
        found = await self.backend.evidence(run.id, key, feature)
        if wants_json(request):
            return as_json(found)
        view = answer.view(run, self.backend.now(), open_key=key)
        row = next((part.opened for part in view.content.tables if part.scored and part.opened), None)
        if row is None and not found:
            raise _unknown("item of this answer", key)
        parts = [(part, table.columns([dict.fromkeys(part.columns), *part.rows])) for part in found]
        return await self.show(
            request, "evidence.html", run=run, key=key, feature=feature, row=row, parts=parts, now=self.backend.now()
        )

    async def run_list(self, request: Request) -> Response:
        query = request.query_params
        flow, status, before = (query.get(name) or None for name in ("flow", "status", "before"))
        found = await self.backend.runs(runs.PAGE + 1, before=before, flow=flow, status=status)
        if wants_json(request):
            return as_json(found[: runs.PAGE])
        lines = [runs.line(run, self.backend.now()) for run in found[: runs.PAGE]]
        kept = {name: value for name, value in (("flow", flow), ("status", status)) if value}
        older = "?" + urlencode({**kept, "before": lines[-1].run.id}) if len(found) > runs.PAGE else None
        return await self.show(
            request,
            "runs.html",
            lines=lines,
            chosen=kept,
            before=before,
            older=older,
            newest="?" + urlencode(kept),
            statuses=runs.STATUSES,
            now=self.backend.now(),
        )

    async def one_run(self, request: Request) -> Response:
        run = await self._run(request)
        if wants_json(request):
            return as_json(run)
        now = self.backend.now()
        return await self.show(
            request,
            "run.html",
            run=run,
            title=headline.of_run(run),
            summary=runs.summary(run, now),
            chart=waterfall.of_run(run, now),
            tried=runs.tried,
            now=now,
        )

    async def _run(self, request: Request) -> RunRecord:
        run_id = request.path_params["run"]
        run = await self.backend.run(run_id)
        if run is None:
            raise _unknown("run", run_id)
        return run

    async def _latest(self) -> list[tuple[runs.RunLine, str]]:
        """The newest runs, each with what it found or why it found nothing."""
        now = self.backend.now()
        lines = [runs.line(run, now) for run in await self.backend.runs(_LATEST)]
        return [(line, answer.view(line.run, now).headline if line.run.answer else line.note) for line in lines]

    async def _home(
        self,
        request: Request,
        latest: list[tuple[runs.RunLine, str]],
        *,
        question: str = "",
        fault: Fault | None = None,
        typed_for: str | None = None,
        typed: Mapping[str, str] | None = None,
    ) -> Response:
        """The start page; after a refusal with its sentence and everything that was typed."""
        return await self.show(
            request,
            "home.html",
            code=fault.status if fault else 200,
            flows=self.backend.flows(),
            latest=latest,
            question=question,
            fault=fault,
            nearest=[str(near) for near in getattr(fault, "nearest", ())],
            typed_for=typed_for,
            typed=typed or {},
            now=self.backend.now(),
        )

    def _trouble(self, request: Request, fault: Fault) -> Response:
        run_id = request.path_params.get("run")
        if wants_json(request):
            problem = {
                "title": fault.rule,
                "detail": fault.sentence,
                "status": fault.status,
                "code": fault.code or None,
            }
            response = as_json({name: value for name, value in problem.items() if value}, fault.status)
        else:
            response = self.render.page(request, "trouble.html", fault.status, fault=fault, run_id=run_id, waiting=None)
        if isinstance(fault, Later) and fault.delay is not None:
            response.headers["retry-after"] = str(max(1, round(fault.delay)))
        return response


def _card(card: FlowCard) -> dict[str, Any]:
    fields = {name: field.model_dump(exclude_defaults=True) for name, field in card.input.items()}
    return {"name": card.name, "version": card.version, "title": card.title, "forms": card.forms, "input": fields}


def _unknown(noun: str, got: str) -> Refused:
    shown = got if len(got) <= 60 else got[:60] + "…"
    return Refused(
        f"There is no {noun} {shown!r}.", way_out="It may have been deleted, or the address is mistyped.", status=404
    )


def _page(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 8 else 1


def _answer_url(run: RunRecord) -> str:
    return f"/answers/{quote(run.id, safe='')}"


def _again_url(run: RunRecord) -> str:
    return f"{_answer_url(run)}/again"


def _reason_url(run: RunRecord, key: str, feature: str) -> str:
    return f"{_answer_url(run)}/evidence/{quote(key, safe='')}/{quote(feature, safe='')}"
