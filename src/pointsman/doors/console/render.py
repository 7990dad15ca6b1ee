"""Templates to responses: escaping on, values in words, files of the package under names that change with them."""

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import orjson
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import Response

from pointsman.doors.console import effect, review, svg, words

HERE: Final = Path(__file__).parent
STATIC: Final = HERE / "static"


class Renderer:
    """`always` are values that every page needs."""

    def __init__(self, always: Mapping[str, Any]) -> None:
        self._environment = Environment(
            loader=FileSystemLoader(HERE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters.update(took=words.duration, capitalised=words.capitalised)
        self._environment.globals.update(
            words=words, svg=svg, review=review, exact=effect.exact, asset=_assets().get, **always
        )

    def page(self, request: Request, template: str, code: int = 200, **values: Any) -> Response:
        """A whole page, or only its changing part when htmx asked for a part."""
        text = self._environment.get_template(template).render(request=request, partial=is_partial(request), **values)
        # A lone surrogate in someone's data must not take the page down.
        body = text.encode("utf-8", "replace")
        return Response(body, code, {"vary": "HX-Request-Type"}, "text/html; charset=utf-8")


def is_partial(request: Request) -> bool:
    """Whether htmx asked for the changing part of a page only."""
    return request.headers.get("hx-request-type") == "partial"


def wants_json(request: Request) -> bool:
    return request.query_params.get("format") == "json"


def as_json(value: object, status: int = 200) -> Response:
    body = orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS)
    return Response(body, status, media_type="application/json" if status < 400 else "application/problem+json")


def _assets() -> dict[str, str]:
    """Addresses of the files under static/, with a digest so that browsers may keep them for good.

    Without `scripts/vendor` there is no htmx; the pages then do by whole loads what they do by parts with it.
    """
    found = {}
    for path in STATIC.rglob("*"):
        if path.is_file():
            name = path.relative_to(STATIC).as_posix()
            found[name] = f"/static/{name}?v={sha256(path.read_bytes()).hexdigest()[:12]}"
    return found
