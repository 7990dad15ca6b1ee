"""Mail servers: `send`, which nobody can tell from its repeat, and so is tried at most once."""

from pointsman.connectors.smtp.connector import SmtpConnector

__all__ = ["SmtpConnector"]
