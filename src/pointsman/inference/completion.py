"""What an OpenAI-compatible endpoint answers, read: completions, chunks of a stream, errors. Pure.

Chat Completions API reference: `chat.completion`, `chat.completion.chunk`, error object `{"error": {message, code}}`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson

from pointsman.control.asked_wait import LONGEST, retry_after
from pointsman.errors import Broken, Fault, Later, Refused
from pointsman.inference.port import Usage
from pointsman.spec.model import TokenPrice

_MESSAGE_SHOWN: Final = 200


@dataclass(frozen=True, slots=True)
class Piece:
    """The text of a completion, or what one chunk of a stream adds to it."""

    text: str
    finish: str | None
    refusal: str | None
    upstream: str | None
    usage: Usage | None


def read(body: bytes, price: TokenPrice, part: str = "message") -> Piece:
    """A completion (`part` = message) or a chunk (delta). Raises Later when it is neither, or an error inside a 200."""
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise Later(f"the answer is not whole JSON: {_shown(body)}", status=502) from None
    if not isinstance(found, dict):
        raise Later(f"the answer is not a completion: {_shown(body)}", status=502)
    if found.get("error"):
        raise Later(f"it answered with an error: {message(found) or _shown(body)}", status=502)
    choices = found.get("choices")
    usage = _usage(found.get("usage"), price)
    upstream = found.get("model") if isinstance(found.get("model"), str) else None
    if part == "delta" and choices in ([], None) and (usage or choices == []):
        return Piece("", None, None, upstream, usage)  # the chunk that carries only the usage
    match choices:
        case [dict() as choice, *_] if isinstance(choice.get(part), dict):
            content: dict[str, Any] = choice[part]
            refusal = content.get("refusal")
            return Piece(_text(content), _word(choice.get("finish_reason")), _word(refusal), upstream, usage)
    raise Later(f"the answer is not a completion: {_shown(body)}", status=502)


def ended(piece: Piece) -> Refused | None:
    """Why a completion that came whole is not one that may be used."""
    if piece.refusal:
        return Refused(
            f"the model refused: {piece.refusal[:_MESSAGE_SHOWN]}", way_out="Change the prompt or the facts."
        )
    match piece.finish:
        case "length":
            return Refused(
                "the answer was cut off at the model's length limit.",
                way_out="Shorten the prompt, ask for less text, or use a model with a larger window.",
            )
        case "content_filter":
            return Refused("the endpoint's content filter stopped the answer.", way_out="Change the prompt.")
    return None


def fault(status: int, headers: Mapping[str, str], body: bytes, upstream: str, now: datetime) -> Fault:
    """What an answer outside 200 means, by what must be done about it."""
    error = _error(body)
    said = message(error) or _shown(body)
    code = error.get("error", {}).get("code") if isinstance(error.get("error"), dict) else None
    if status == 429 and code == "insufficient_quota":
        return Broken(f"it answered 429: {said}", status=502, way_out="Its account has no credit left.")
    if status in (408, 409, 425, 429) or status >= 500:
        mapped = 429 if status == 429 else 503
        return Later(f"it answered {status}: {said}", delay=delay(headers, now), status=mapped)
    if status == 404:
        return Broken(
            f"it answered 404: {said}", way_out=f"Check `url` and `upstream: {upstream}` of the endpoint.", status=502
        )
    if status in (400, 413, 422):
        return Refused(f"it refused the request ({status}): {said}", way_out="Change the prompt or the facts given.")
    return Broken(f"it answered {status}: {said}", way_out="Check the endpoint's `url`.", status=502)


def delay(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds to wait: `retry-after-ms`, which OpenAI's own clients know, or `Retry-After`."""
    finer = headers.get("retry-after-ms", "").strip()
    if finer.isascii() and finer.isdigit():
        return min(float(finer) / 1000, LONGEST)
    return retry_after(headers.get("retry-after"), now)


def message(error: Mapping[str, Any]) -> str:
    """The sentence of an error object, whichever of the common shapes it has; empty when there is none."""
    inner = error.get("error", error)
    found = inner.get("message") if isinstance(inner, dict) else inner
    return " ".join(found.split())[:_MESSAGE_SHOWN] if isinstance(found, str) else ""


def _error(body: bytes) -> dict[str, Any]:
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}


def _usage(found: object, price: TokenPrice) -> Usage | None:
    match found:
        case {"prompt_tokens": int(taken), "completion_tokens": int(given)} if taken >= 0 and given >= 0:
            return Usage(taken, given, taken * price.input + given * price.output)
    return None


def _text(content: Mapping[str, Any]) -> str:
    match content.get("content"):
        case str(text):
            return text
        case list(parts):  # some servers give parts, as requests may
            texts = [part.get("text") for part in parts if isinstance(part, dict)]
            return "".join(text for text in texts if isinstance(text, str))
    return ""


def _word(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _shown(body: bytes) -> str:
    text = " ".join(body[: 4 * _MESSAGE_SHOWN].decode(errors="replace").split())
    return repr(text[:80] + ("…" if len(text) > 80 else "")) if text else "nothing"
