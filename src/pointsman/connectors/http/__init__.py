"""JSON APIs over HTTP."""

from pointsman.connectors.http.connector import HttpConnector

__all__ = ["HttpConnector"]
