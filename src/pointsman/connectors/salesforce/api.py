"""The REST API with a session: signs in when needed, once more when the session has ended."""

from typing import Any

import orjson

from pointsman.clock import Clock
from pointsman.connectors.port import Facts
from pointsman.connectors.salesforce.auth import Token, Tokens
from pointsman.connectors.salesforce.faults import fault_of
from pointsman.connectors.salesforce.usage import notes
from pointsman.connectors.salesforce.wire import Answer, Wire
from pointsman.errors import Broken
from pointsman.spec.connection import SalesforceConnection


class Api:
    """Requests of one connection. Everything that is not 2xx is raised as a fault."""

    def __init__(self, spec: SalesforceConnection, wire: Wire, tokens: Tokens, clock: Clock) -> None:
        self.spec, self.wire = spec, wire
        self._tokens, self._clock = tokens, clock
        self._base = f"/services/data/v{spec.api_version}"

    async def call(
        self,
        method: str,
        path: str,
        deadline: float | None,
        *,
        params: dict[str, str] | None = None,
        body: Any = None,
        facts: Facts | None = None,
    ) -> Answer:
        """`path`: below /services/data/vXX.0, or the whole of it as a `nextRecordsUrl` says it."""
        whole = path if path.startswith("/services/data/") else f"{self._base}{path}"
        token = await self._tokens.get(deadline)
        answer = await self._send(method, whole, deadline, token, params, body)
        if answer.status == 401:
            self._tokens.ended(token)
            token = await self._tokens.get(deadline)
            answer = await self._send(method, whole, deadline, token, params, body)
        if facts is not None:
            facts.notes += [note for note in notes(answer.headers, self.spec.connection) if note not in facts.notes]
        if not 200 <= answer.status < 300:
            raise fault_of(answer, self._clock.now())
        return answer

    def nonsense(self, what: str) -> Broken:
        """An answer that is JSON, and not what the API promises."""
        return Broken(
            f"Salesforce's answer holds no {what}.",
            where=self.wire.where,
            way_out="Look at `url` and `api_version`.",
        )

    async def _send(
        self, method: str, path: str, deadline: float | None, token: Token, params: dict[str, str] | None, body: Any
    ) -> Answer:
        headers = {"Authorization": f"Bearer {token.value}", "Accept": "application/json, text/csv"}
        content: dict[str, Any] = {"headers": headers, "params": params}
        if body is not None:
            headers["Content-Type"] = "application/json"
            content["data"] = orjson.dumps(body)
        return await self.wire.send(method, f"{token.instance}{path}", deadline, **content)
