"""The worked example's answer in plain Python: the three databases joined and scored without the product's parts."""

import json
import math
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from pointsman.sandbox.sales.databases import FOLDER

_JOIN = """
    SELECT a.Id AS account_id, a.Name AS name, b.arr, b.recency_days, b.orders_90d, b.orders_prev_90d, b.returns_share,
           b.overdue_days, u.logins_30d, u.logins_prev_30d
    FROM Account a JOIN billing.contracts b ON b.account_id = a.Id AND b.as_of = :as_of
         LEFT JOIN analytics.usage u ON u.account_id = a.Id
    WHERE a.Segment__c = :segment AND a.Region__c = :region
"""


def scored(project: Path, *, segment: str, region: str, as_of: str) -> list[dict[str, Any]]:
    """Every customer of a segment and region with its `probability`, the highest first."""
    file = json.loads((project / "models/churn.json").read_text(encoding="utf-8"))
    with closing(sqlite3.connect(project / FOLDER / "crm.db")) as link:
        link.row_factory = sqlite3.Row
        link.execute("ATTACH ? AS billing", (str(project / FOLDER / "billing.db"),))
        link.execute("ATTACH ? AS analytics", (str(project / FOLDER / "usage.db"),))
        asked = {"segment": segment, "region": region, "as_of": as_of}
        rows = [dict(row) for row in link.execute(_JOIN, asked)]
    for row in rows:
        row["usage_trend"] = row["logins_30d"] / row["logins_prev_30d"] - 1 if row["logins_prev_30d"] else 0.0
        row["probability"] = probability(file, row)
    return sorted(rows, key=lambda row: (-row["probability"], -row["arr"]))


def probability(file: dict[str, Any], row: dict[str, Any]) -> float:
    """A model file, read as its reference page says."""
    assert file["calibration"] == {"kind": "none"}
    log_odds = file["intercept"]
    for feature in file["features"]:
        value = row[feature["name"]]
        if feature["transform"] == "log1p":
            value = math.log1p(max(value, 0))
        log_odds += feature["coef"] * (value - feature["mean"]) / feature["scale"]
    return 1 / (1 + math.exp(-log_odds))
