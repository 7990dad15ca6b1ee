"""The project under test: rows are priced, booked under a key that the order book knows, and mailed, each once."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

from tests.faults.receivers import Receivers
from tests.projects import SHOP, write

if TYPE_CHECKING:
    from tests.postgres_server import PostgresServer

ITEMS = 6
"""Orders of one run of `fulfil`; `approved` goes over all of them."""
ALL_ITEMS = 30
ORDERS = [(number, f"Customer {number}", 10.0 * number, "2026-10-01") for number in range(1, ALL_ITEMS + 1)]
KEYS = "k1 MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=\n"
PASSWORD_NAME, KEYS_NAME = "JOURNAL_PASSWORD", "JOURNAL_KEYS"
FUNCTIONS = """
import asyncio
import os

async def price(id):
    await asyncio.sleep(0.02)
    return {"text": f"Order {id} costs {id * 10}"}

def die():
    os._exit(1)
"""
FULFIL = """
flow: fulfil
durable: true
timeout: 10m
input: {batch: string}
steps:
  rows: {call: shop.query, with: {sql: "SELECT id FROM orders WHERE id <= 6 ORDER BY id"}}
  priced: {each: rows, as: row, key: "${{ row.id }}", python: "functions:price", with: {id: "${{ row.id }}"}, returns: {type: object, fields: {text: string}}, concurrency: 2}
  booked: {each: priced.ok, as: one, key: "${{ one.key }}", call: books.book, with: {body: {batch: "${{ input.batch }}", id: "${{ one.key }}"}}, concurrency: 2}
  mailed: {each: booked.ok, as: one, key: "${{ one.key }}", call: mail.send, with: {to: shop@shop.example, subject: "${{ input.batch }}/${{ one.key }}", body: "Order ${{ one.key }}"}, concurrency: 2}
reply: {mailed: "${{ len(mailed.ok) }}"}
"""
APPROVED = """
flow: approved
durable: true
timeout: 10m
input: {batch: string}
steps:
  rows: {call: shop.query, with: {sql: "SELECT id FROM orders ORDER BY id"}}
  drafts: {each: rows, as: row, key: "${{ row.id }}", python: "functions:price", with: {id: "${{ row.id }}"}, returns: {type: object, fields: {text: string}}, concurrency: 16}
  approval: {approve: drafts, by: "role:manager", within: 3d}
  mailed: {each: approval.approved, as: one, key: "${{ one.key }}", call: mail.send, with: {to: shop@shop.example, subject: "${{ input.batch }}/${{ one.key }}", body: "${{ one.value.text }}"}}
reply: {drafts: "${{ len(drafts.ok) }}"}
"""
POISON = """
flow: poison
durable: true
steps:
  dead: {python: "functions:die", with: {}, returns: string}
reply: {dead: "${{ dead }}"}
"""
_BOOK = {
    "operationId": "book",
    "parameters": [{"name": "Idempotency-Key", "in": "header", "schema": {"type": "string"}}],
    "requestBody": {"content": {"application/json": {"schema": {"type": "object"}}}},
    "responses": {"200": {"content": {"application/json": {"schema": {"type": "object"}}}}},
}
_OPENAPI = {"openapi": "3.0.3", "info": {"title": "books", "version": "1"}, "paths": {"/orders": {"post": _BOOK}}}


def project(root: Path, receivers: Receivers, postgres: "PostgresServer | None" = None, **flows: str) -> Path:
    """Writes it. With `postgres` its journal is the database `journal` there, else a file of this machine."""
    files = {
        **SHOP,
        "functions.py": FUNCTIONS,
        "books.json": json.dumps(_OPENAPI),
        "connections/books.yaml": f"connection: books\ntype: http\nurl: {receivers.url}\nopenapi: books.json\n",
        "connections/mail.yaml": (
            f"connection: mail\ntype: smtp\nhost: 127.0.0.1\nport: {receivers.mail_port}\n"
            "security: none\nsender: shop@shop.example\n"
        ),
        **{f"flows/{name}.yaml": text for name, text in flows.items()},
    }
    if postgres is not None:
        files["project.yaml"] += (
            f"journal: {{host: {postgres.host}, port: {postgres.port}, database: journal, user: {postgres.user}, "
            f"password: secret://env/{PASSWORD_NAME}, keys: secret://env/{KEYS_NAME}, ssl: disable}}\n"
        )
    return write(root, files, ORDERS)
