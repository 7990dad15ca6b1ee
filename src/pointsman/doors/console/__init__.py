"""The pages that people decide on: answers with their reasons, and runs with their time line."""

from pointsman.doors.console.backend import Backend, Evidence, FlowCard
from pointsman.doors.console.pages import routes

__all__ = ["Backend", "Evidence", "FlowCard", "routes"]
