"""Environments: only what differs, laid on the files, and checked like them."""

import pytest
from tests.worked_example import lines, loaded, project

from pointsman.spec.connection import PostgresConnection, SalesforceConnection, SqliteConnection


def test_an_overlay_changes_only_what_it_names() -> None:
    changes: dict[str, str | None] = {
        "env/dev.yaml": "project: {description: dev}\nconnections: {crm: {limits: {rows: 10}}}\n"
        "flows: {at-risk: {doors: {schedule: null}}}\nprompts: {retention_email: {version: 3}}\n"
    }
    plain, dev = project(changes), project(changes, "dev")
    crm = dev.connections["crm"]
    assert isinstance(crm, SalesforceConnection)
    assert (crm.limits.rows, crm.limits.concurrent, crm.url) == (10, 8, "https://acme.my.salesforce.com")
    assert (plain.connections["crm"].limits.rows, plain.file.description, dev.file.description) == (50_000, "", "dev")
    assert plain.flows["at-risk"].doors.schedule is not None
    assert dev.flows["at-risk"].doors.schedule is None
    assert (plain.prompts["retention_email"].version, dev.prompts["retention_email"].version) == (2, 3)


def test_another_type_replaces_the_connection_but_not_its_schema() -> None:
    plain, overlaid = project(), project(environment="postgres")
    assert isinstance(plain.connections["analytics"], SqliteConnection)
    analytics = overlaid.connections["analytics"]
    assert isinstance(analytics, PostgresConnection)
    assert (analytics.connection, analytics.host, analytics.database) == ("analytics", "db.acme.example", "usage")
    assert overlaid.schemas == plain.schemas


@pytest.mark.parametrize(
    ("overlay", "line"),
    [
        (
            "connections:\n  crm:\n    limits: {rows: many}\n",
            "PM010 env/dev.yaml:3:20 `limits.rows` must be a whole number",
        ),
        ("connections:\n  crm:\n    ulr: x\n", "PM012 env/dev.yaml:3:5 unknown key `ulr`"),
        ("connections:\n  crm:\n    url: null\n", "PM011 connections/crm.yaml:1:1 `url` is missing"),
        (
            "flows:\n  at-risk:\n    steps: {usage: {on_error: fial}}\n",
            "PM013 env/dev.yaml:3:31 `usage.on_error` cannot be",
        ),
    ],
)
def test_a_mistake_in_an_overlay_points_into_it(overlay: str, line: str) -> None:
    found = lines(loaded({"env/dev.yaml": overlay}, "dev"))
    assert len(found) == 1 and found[0].startswith(line), found


def test_an_unknown_environment_is_named() -> None:
    found = loaded(environment="prod")
    assert lines(found) == ["PM041 env/prod.yaml no environment named `prod`"]
    assert found.project is None
