"""A project: the user's folder. `project.yaml`, and everything that was loaded beside it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any, Literal

from pydantic import Field

from pointsman.spec.base import Name, SecretRef, Spec
from pointsman.spec.classic import ClassicFile
from pointsman.spec.connection import Connection
from pointsman.spec.flow import Flow
from pointsman.spec.model import Model
from pointsman.spec.prompt import Prompt
from pointsman.spec.schema import Schema


class PostgresStore(Spec):
    """The journal in PostgreSQL, for many workers."""

    host: str = "127.0.0.1"
    """Host name, address, or the folder of a Unix socket."""
    port: int = Field(default=5432, ge=1, le=65535)
    """The server's port."""
    database: str
    """The database; its tables are made on first start."""
    user: str
    """Who connects; it must own the tables."""
    password: SecretRef | None = None
    """Of the user; none where the server trusts the connection."""
    ssl: Literal["disable", "prefer", "require", "verify-full"] = "prefer"
    """How the link is protected, in libpq's words."""
    keys: SecretRef
    """The keys that payloads are sealed with: one `<id> <base64 of 32 bytes>` a line, the last one current. The same
    for all workers."""


class ProjectFile(Spec):
    """`project.yaml`."""

    project: Name
    """Its name."""
    requires: str = Field(
        default="", pattern=r"^(((>=|<=|==|<|>)\d{1,6}(\.\d{1,6}){0,3})(, *(>=|<=|==|<|>)\d{1,6}(\.\d{1,6}){0,3})*)?$"
    )
    """Versions of Pointsman that it was written for, such as `>=0.1`."""
    description: str = ""
    """What it is for, in words."""
    questions: Name | None = None
    """The language model that reads questions in words which the grammar cannot; without one they are refused."""
    journal: PostgresStore | None = None
    """Where durable runs are kept; without it in a SQLite file of this machine, `.pointsman/journal.db`."""
    sandbox: str | None = None
    """The practice system that `pointsman demo` starts for it (`sales`); never used outside demos and tests."""


@dataclass(frozen=True, slots=True)
class Project:
    """A loaded folder. Mappings go from name to what the file says."""

    root: PurePath
    file: ProjectFile
    environment: str | None = None
    connections: Mapping[str, Connection] = field(default_factory=dict)
    schemas: Mapping[str, Schema] = field(default_factory=dict)
    models: Mapping[str, Model] = field(default_factory=dict)
    prompts: Mapping[str, Prompt] = field(default_factory=dict)
    flows: Mapping[str, Flow] = field(default_factory=dict)
    classics: Mapping[str, ClassicFile] = field(default_factory=dict)
    """What the `file` of each classic model says, by model."""
    documents: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """The OpenAPI document of each connection that names one."""
    functions: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """What each Python module of the folder defines at its top level, by dotted module name."""
