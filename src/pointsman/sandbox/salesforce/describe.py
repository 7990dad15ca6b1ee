"""GET /sobjects and /sobjects/<name>/describe."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from pointsman.language.soql.paths import relation_name
from pointsman.sandbox.salesforce.answers import json
from pointsman.sandbox.salesforce.objects import SYSTEM, Field, key_prefix
from pointsman.sandbox.salesforce.org import Org

_XML_TYPES = {"boolean": "xsd:boolean", "int": "xsd:int", "date": "xsd:date", "datetime": "xsd:dateTime"}
_DOUBLES = ("double", "currency", "percent")


async def everything(org: Org, request: Request) -> Response:
    """All objects, without their fields."""
    version = request.path_params["version"]
    objects = [_object(org, name, version) for name in org.objects]
    return json({"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": objects})


async def basics(org: Org, request: Request) -> Response:
    """GET /sobjects/<name>: the object without its fields."""
    name = org.object_named(request.path_params["name"])
    return json({"objectDescribe": _object(org, name, request.path_params["version"]), "recentItems": []})


async def one(org: Org, request: Request) -> Response:
    """One object with its fields."""
    name = org.object_named(request.path_params["name"])
    fields = [_field(field, spec) for field, spec in org.fields[name].items()]
    return json({**_object(org, name, request.path_params["version"]), "fields": fields, "childRelationships": []})


def _object(org: Org, name: str, version: str) -> dict[str, Any]:
    base = f"/services/data/{version}/sobjects/{name}"
    return {
        "name": name,
        "label": name.removesuffix("__c").replace("_", " "),
        "keyPrefix": key_prefix(org.objects, name),
        "custom": name.endswith("__c"),
        "queryable": True,
        "createable": True,
        "updateable": True,
        "deletable": True,
        "deprecatedAndHidden": False,
        "associateEntityType": None,
        "urls": {"sobject": base, "describe": f"{base}/describe", "rowTemplate": f"{base}/{{ID}}"},
    }


def _field(name: str, spec: Field) -> dict[str, Any]:
    return {
        "name": name,
        "label": name.removesuffix("__c").replace("_", " "),
        "type": spec.type,
        "soapType": "xsd:double" if spec.type in _DOUBLES else _XML_TYPES.get(spec.type, "xsd:string"),
        "nillable": not spec.required and spec.type != "boolean",
        "referenceTo": [spec.references] if spec.references else [],
        "relationshipName": relation_name(name) if spec.references else None,
        "externalId": spec.external_id,
        "idLookup": spec.external_id or spec.type == "id",
        "unique": spec.external_id,
        "custom": name.endswith("__c"),
        "createable": name not in SYSTEM,
        "updateable": name not in SYSTEM,
        "filterable": True,
        "sortable": True,
        "picklistValues": [],
    }
