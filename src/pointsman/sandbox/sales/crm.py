"""The practice CRM's objects and records, with Salesforce's names, types and ids."""

from collections.abc import Iterator
from datetime import date

from pointsman.quantity import Quarter
from pointsman.sandbox.sales.customers import crm_id
from pointsman.sandbox.sales.generate import World
from pointsman.sandbox.sales.history import SILENT, Complaint, History
from pointsman.sandbox.salesforce.objects import Field, Objects

Record = dict[str, str | int | float | bool | None]


OBJECTS: Objects = {
    "Account": {
        "Name": Field("string"),
        "Type": Field("picklist"),
        "Segment__c": Field("picklist"),
        "Region__c": Field("picklist"),
        "BillingCity": Field("string"),
        "BillingCountry": Field("string"),
        "Customer_Number__c": Field("string", external_id=True),
        "Renewal_Date__c": Field("date"),
        "Case_Sentiment__c": Field("double"),
    },
    "Contact": {
        "AccountId": Field("reference", references="Account"),
        "Name": Field("string"),
        "Title": Field("string"),
        "Email": Field("email"),
        "Phone": Field("phone"),
        "Is_Primary__c": Field("boolean"),
        "Left_Company__c": Field("boolean"),
    },
    "Case": {
        "AccountId": Field("reference", references="Account"),
        "ContactId": Field("reference", references="Contact"),
        "CaseNumber": Field("string"),
        "Case_Key__c": Field("string", external_id=True),
        "Subject": Field("string"),
        "Description": Field("textarea"),
        "Status": Field("picklist"),
        "Priority": Field("picklist"),
        "ClosedDate": Field("datetime"),
        "Sentiment__c": Field("double"),
    },
}
"""The objects that the practice CRM knows, beside the system's fields. `*__c` are an administrator's own."""


def records(world: World) -> dict[str, list[Record]]:
    """Every record of every object."""
    start = world.quarter.start.toordinal()
    rows: dict[str, list[Record]] = {"Account": [], "Contact": [], "Case": []}
    for told in world.histories:
        contacts = list(_contacts(told))
        rows["Account"].append(_account(told, world.quarter))
        rows["Contact"] += contacts
        for complaint in told.complaints:
            contact = str(contacts[told.buyer_on(complaint.day)]["Id"])
            rows["Case"].append(_case(told, complaint, contact, len(rows["Case"]) + 1, start))
    return rows


def _account(told: History, quarter: Quarter) -> Record:
    customer, start = told.customer, quarter.start.toordinal()
    tones = [case.letter.sentiment for case in told.complaints if case.day >= start - SILENT]
    return {
        "Id": customer.id,
        "Name": customer.name,
        "Type": "Customer" if told.active else "Former Customer",
        "Segment__c": customer.segment,
        "Region__c": customer.region,
        "BillingCity": customer.company.city,
        "BillingCountry": customer.company.country.name,
        "Customer_Number__c": f"NL-{customer.number:05d}",
        "Renewal_Date__c": _renewal(customer.anniversary, quarter.end).isoformat() if told.active else None,
        "Case_Sentiment__c": round(sum(tones) / len(tones), 2) if tones else None,
    }


def _renewal(day_of_year: int, first: date) -> date:
    """The contract's first anniversary from `first` on: from the quarter's end, so that it lies ahead on any day."""
    this_year = date.fromordinal(date(first.year, 1, 1).toordinal() + day_of_year - 1)
    next_year = date.fromordinal(date(first.year + 1, 1, 1).toordinal() + day_of_year - 1)
    return this_year if this_year >= first else next_year


def _contacts(told: History) -> Iterator[Record]:
    for place, person in enumerate(told.customer.company.people):
        succeeded = place < told.buyer
        yield {
            "Id": crm_id("003", 10 * told.customer.number + place),
            "AccountId": told.customer.id,
            "Name": person.name,
            "Title": person.title,
            "Email": person.mail,
            "Phone": person.phone,
            "Is_Primary__c": place == told.buyer,
            "Left_Company__c": succeeded,
        }


def _case(told: History, complaint: Complaint, contact: str, number: int, start: int) -> Record:
    closed = complaint.closed if complaint.closed < start else None
    return {
        "Id": crm_id("500", number),
        "AccountId": told.customer.id,
        "ContactId": contact,
        "CaseNumber": f"{number:08d}",
        "Case_Key__c": f"northlathe-{number}",
        "Subject": complaint.letter.subject,
        "Description": complaint.letter.text,
        "Status": "Closed" if closed else "Working",
        "Priority": "High" if complaint.letter.sentiment <= -0.6 else "Medium",
        "CreatedDate": _moment(complaint.day, number),
        "ClosedDate": _moment(closed, number + 3) if closed else None,
        "Sentiment__c": complaint.letter.sentiment,
    }


def _moment(day: int, number: int) -> str:
    """A time within office hours, as Salesforce writes it."""
    at = date.fromordinal(day)
    return f"{at.isoformat()}T{8 + number % 9:02d}:{number * 7 % 60:02d}:00.000+0000"
