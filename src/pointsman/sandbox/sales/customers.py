"""Who the customers of the practice business are: what does not change from quarter to quarter."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle
from random import Random

from pointsman.sandbox.sales.places import Country, of_region, plain
from pointsman.sandbox.salesforce.objects import record_id

SEGMENTS = ("Enterprise", "Mid-market", "SMB")
REGIONS = ("EMEA", "AMER", "APAC")

ACTIVE = {
    ("Enterprise", "EMEA"): 48,
    ("Enterprise", "AMER"): 30,
    ("Enterprise", "APAC"): 22,
    ("Mid-market", "EMEA"): 45,
    ("Mid-market", "AMER"): 35,
    ("Mid-market", "APAC"): 25,
    ("SMB", "EMEA"): 40,
    ("SMB", "AMER"): 32,
    ("SMB", "APAC"): 23,
}
"""Customers under contract at the start of the current quarter: 300."""

BEFORE_HISTORY = -99
"""`since` of a customer who was there before the recorded history begins."""


@dataclass(frozen=True, slots=True)
class Scale:
    """How large customers of a segment are: ranges that one is drawn from."""

    orders: tuple[float, float]
    """Orders a quarter."""
    value: tuple[int, int]
    """Euros an order."""
    logins: tuple[int, int]
    """Logins to the portal in 30 days."""


SCALES = {
    "Enterprise": Scale(orders=(7, 14), value=(9_000, 42_000), logins=(60, 190)),
    "Mid-market": Scale(orders=(5, 9), value=(2_200, 8_500), logins=(22, 70)),
    "SMB": Scale(orders=(3, 6.5), value=(350, 1_900), logins=(8, 26)),
}


@dataclass(frozen=True, slots=True)
class Person:
    name: str
    mail: str
    title: str
    phone: str


@dataclass(frozen=True, slots=True)
class Company:
    name: str
    country: Country
    city: str
    people: tuple[Person, ...]
    """The buyer (our contact) first, then the buyer's successor, then finance."""


@dataclass(frozen=True, slots=True)
class Customer:
    """One company that buys, or bought."""

    number: int
    id: str
    company: Company
    segment: str
    since: int
    """The quarter of its first order, counted from the current one (-3 = three quarters ago)."""
    anniversary: int
    """Day of the year on which its contract renews."""
    orders: float
    value: int
    logins: int | None
    """None: orders by mail and phone, and is not in the usage database."""

    @property
    def name(self) -> str:
        return self.company.name

    @property
    def region(self) -> str:
        return self.company.country.region


def crm_id(prefix: str, number: int) -> str:
    """Ids that start late and stand apart, as in an org that is old and full."""
    return record_id(prefix, 29_340_872_194_613_111 + 7_368_787 * number)


def companies(region: str, seed: int) -> Iterator[Company]:
    """Every stem once, then every stem with its next trade, then with two trades."""
    rng = Random(f"{seed}/{region}")  # noqa: S311  chance that can be repeated is what is wanted
    roots = [(country, stem) for country in of_region(region) for stem in country.stems]
    rng.shuffle(roots)
    names = {country.name: _names(country, rng) for country in of_region(region)}
    for turn in range(2 * max(len(country.trades) for country, _ in roots)):
        for place, (country, stem) in enumerate(roots):
            trades = country.trades
            first, second = trades[(place + turn) % len(trades)], trades[(place + turn + 1) % len(trades)]
            if turn < len(trades):
                yield _company(country, stem, first, names[country.name], rng)
            elif turn < 2 * len(trades):
                yield _company(country, stem, f"{first} & {second}", names[country.name], rng)


def _names(country: Country, rng: Random) -> Iterator[tuple[str, str]]:
    """People of a country, each once before anybody comes again: name and mail name."""
    pairs = [(first, last) for first in country.first for last in country.last]
    rng.shuffle(pairs)
    for first, last in cycle(pairs):
        shown = f"{last[0]} {first[0]}" if country.family_first else f"{first[0]} {last[0]}"
        yield shown, f"{first[1]}.{last[1]}"


def _company(country: Country, stem: str, trade: str, names: Iterator[tuple[str, str]], rng: Random) -> Company:
    domain = f"{plain(stem)}-{plain(trade)}.example"
    titles = ("Head of Purchasing", "Purchasing Manager", "Accounts Payable")
    people = tuple(
        Person(name, f"{mail}@{domain}", title, f"{country.phone}{rng.randrange(10_000):04d}")
        for title, (name, mail) in zip(titles, names, strict=False)
    )
    return Company(f"{stem} {trade} {rng.choice(country.forms)}", country, rng.choice(country.cities), people)


def customer(number: int, segment: str, company: Company, rng: Random) -> Customer:
    """A customer of a segment; `number` tells it from all others."""
    scale = SCALES[segment]
    return Customer(
        number=number,
        id=crm_id("001", number),
        company=company,
        segment=segment,
        since=BEFORE_HISTORY if rng.random() < 0.7 else rng.randint(-9, -3),
        anniversary=rng.randint(1, 365),
        orders=rng.uniform(*scale.orders),
        value=rng.randint(*scale.value),
        logins=None if rng.random() < 0.05 else rng.randint(*scale.logins),
    )
