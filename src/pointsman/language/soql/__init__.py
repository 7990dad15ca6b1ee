"""SOQL, the part of it that flows need: one object and its parents, conditions, groups, order and bound values.

    query = read("SELECT Id, Account.Name FROM Contact WHERE Account.Region__c = :region")
    columns, origins, mistakes = check(query, tables)
    text = bind(query, {"region": "EMEA"})

Source: Salesforce SOQL and SOSL Reference. Names ignore letter case, as there. Left out, and refused by name: queries
inside queries, TYPEOF, HAVING, ROLLUP, INCLUDES, date functions, currency literals, FOR, WITH and USING.
"""

from pointsman.language.soql.binding import bind
from pointsman.language.soql.checks import check
from pointsman.language.soql.query import Query
from pointsman.language.soql.reader import read

__all__ = ["Query", "bind", "check", "read"]
