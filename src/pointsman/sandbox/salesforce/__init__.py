"""A practice Salesforce: the REST API's shapes over a SQLite file. It says what it is."""

from pointsman.sandbox.salesforce.access import Access
from pointsman.sandbox.salesforce.app import SalesforceStandIn
from pointsman.sandbox.salesforce.objects import Field, Objects, record_id
from pointsman.sandbox.salesforce.store import create

__all__ = ["Access", "Field", "Objects", "SalesforceStandIn", "create", "record_id"]
