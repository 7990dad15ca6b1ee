"""How Salesforce says no."""

from typing import Any


class Refusal(Exception):
    """An error in Salesforce's own words; the API answers `[{"errorCode", "message", "fields"}]`."""

    def __init__(self, code: str, message: str, *, status: int = 400, fields: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.code, self.message, self.status, self.fields = code, message, status, fields

    def body(self) -> list[dict[str, Any]]:
        """As the body of an answer."""
        entry: dict[str, Any] = {"errorCode": self.code, "message": self.message}
        return [{**entry, "fields": list(self.fields)} if self.fields else entry]

    def result(self) -> dict[str, Any]:
        """As one record's result in a collection."""
        return {
            "success": False,
            "errors": [{"statusCode": self.code, "message": self.message, "fields": list(self.fields)}],
        }
