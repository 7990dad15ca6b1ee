"""Salesforce over its REST API and Bulk API 2.0. Only SalesforceConnector is for others."""

from pointsman.connectors.salesforce.connector import SalesforceConnector

__all__ = ["SalesforceConnector"]
