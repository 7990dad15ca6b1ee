"""Salesforce behind the port to business systems."""

from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from typing import Any, Final

from pointsman.clock import Clock
from pointsman.connectors.port import Action, Call, Facts, Page, Tables
from pointsman.connectors.salesforce import describe, query, upsert
from pointsman.connectors.salesforce.api import Api
from pointsman.connectors.salesforce.auth import Tokens
from pointsman.connectors.salesforce.leftovers import Leftovers
from pointsman.connectors.salesforce.usage import notes
from pointsman.connectors.salesforce.wire import Wire
from pointsman.errors import Refused, way_out
from pointsman.language import soql
from pointsman.language.mistake import Mistake
from pointsman.secrets import Secrets
from pointsman.shape import Value
from pointsman.spec.connection import SalesforceConnection

_ACTIONS: Final = {
    "query": Action("query", "none", frozenset({"soql"}), frozenset({"params"})),
    "upsert": Action("upsert", "native", frozenset({"object", "external_id", "records"})),
}


class SalesforceConnector:
    """One org. Its secrets are resolved at each sign-in, so a rotated key is picked up.

    An answer that is garbled or breaks off is Later, as is a server that cannot be reached: both may pass. An answer
    that is whole JSON and not what the API promises is Broken.
    """

    def __init__(self, spec: SalesforceConnection, secrets: Secrets, clock: Clock) -> None:
        self.connection = spec.connection
        self._wire = Wire(spec, clock)
        self._api = Api(spec, self._wire, Tokens(spec, self._wire, secrets, clock), clock)
        self._leftovers = Leftovers()

    @property
    def actions(self) -> Mapping[str, Action]:
        return _ACTIONS

    async def describe(self) -> Tables:
        return await describe.tables(self._api)

    async def check(self) -> str:
        """Signs in, and asks what the API's version has."""
        answer = await self._api.call("GET", "/", None)
        spec = self._api.spec
        sentence = f"{spec.url} signs us in and answers with API {spec.api_version}."
        return " ".join([sentence, *notes(answer.headers, self.connection)])

    async def read(self, action: str, args: Mapping[str, Any], call: Call, facts: Facts) -> AsyncIterator[Page]:
        """`query`: pages of at most 2,000 rows, of 10,000 where a bulk job is used."""
        if action != "query":
            raise self._unknown(action, "query")
        asked, text = self._bound(args)
        async with aclosing(query.pages(self._api, asked, text, call, facts, self._leftovers)) as pages:
            async for page in pages:
                yield page

    async def write(self, action: str, args: Mapping[str, Any], call: Call) -> Value:
        """`upsert`: see `salesforce.upsert.write`."""
        if action != "upsert":
            raise self._unknown(action, "upsert")
        return await upsert.write(self._api, upsert.asked(args, self._wire.where), call)

    async def close(self) -> None:
        await self._leftovers.close()
        await self._wire.close()

    def _bound(self, args: Mapping[str, Any]) -> tuple[soql.Query, str]:
        """The query, and its text with the values bound. Raises Refused."""
        text, params = args.get("soql"), args.get("params") or {}
        if not isinstance(text, str) or not isinstance(params, Mapping):
            raise Refused("`query` takes `soql`, a text, and `params`, names and values.", where=self._wire.where)
        try:
            asked = soql.read(text)
            return asked, soql.bind(asked, params)
        except Mistake as mistake:
            raise Refused(mistake.message, where=self._wire.where, way_out=mistake.way_out) from None

    def _unknown(self, action: str, known: str) -> Refused:
        return Refused(f"no action named `{action}` here.", where=self._wire.where, way_out=way_out(action, [known]))
