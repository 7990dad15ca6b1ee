"""What customers of the practice business write to its support, and how it sounds (-1 angry to +1 glad)."""

from dataclasses import dataclass
from random import Random

from pointsman.sandbox.sales.causes import (
    CASH_SQUEEZE,
    CHAMPION_LEFT,
    FAULTY_PARTS,
    LATE_DELIVERY,
    SECOND_SUPPLIER,
    Trouble,
)

PRODUCTS = (
    "deep groove bearings",
    "shaft seals",
    "toothed belts",
    "hydraulic hoses",
    "solenoid valves",
    "conveyor rollers",
    "cutting inserts",
    "linear guides",
    "cable glands",
    "pressure gauges",
)


@dataclass(frozen=True, slots=True)
class Letter:
    """A case's subject and text; `{order}`, `{product}`, `{city}` and `{days}` are filled in."""

    subject: str
    text: str
    sentiment: float


_LETTERS: dict[str, tuple[Letter, ...]] = {
    FAULTY_PARTS.name: (
        Letter(
            "Damaged {product} again ({order})",
            "The {product} from order {order} arrived with cracked housings, the second time in two months. "
            "We are sending them back. Please tell us what changed in your production.",
            -0.8,
        ),
        Letter(
            "{product}: wrong tolerance",
            "We measured twenty of the {product} from {order}: seven are out of tolerance. Our line in {city} "
            "stood still for half a day because of this.",
            -0.7,
        ),
        Letter(
            "Credit note for {order}?",
            "We returned part of {order} weeks ago and still wait for the credit note. Who is looking after this?",
            -0.5,
        ),
    ),
    LATE_DELIVERY.name: (
        Letter(
            "Where is {order}?",
            "{order} was promised for last week. It is {days} days late now and nobody could give us a date. "
            "We had to borrow {product} from a neighbour in {city}.",
            -0.6,
        ),
        Letter(
            "Delivery dates do not hold",
            "For the third time the {product} came {days} days after the confirmed date. We cannot plan "
            "maintenance like this.",
            -0.8,
        ),
        Letter(
            "Half of {order} missing",
            "Only half of the {product} were on the pallet, and the delivery note says complete. Please send the rest.",
            -0.5,
        ),
    ),
    CASH_SQUEEZE.name: (
        Letter(
            "Payment terms",
            "Could we talk about 60 days instead of 30 for the next orders? We had to move a project in {city} "
            "to next year and have to watch our cash.",
            -0.2,
        ),
        Letter(
            "Reminder for {order}",
            "We know about the open invoice for {order}. It waits for a release by our head office; please stop "
            "the weekly reminders, they do not make it faster.",
            -0.4,
        ),
    ),
    CHAMPION_LEFT.name: (
        Letter(
            "New in purchasing",
            "I took over purchasing from my predecessor this month and find my way into our suppliers. "
            "Is there somebody who could show me your portal and our agreed prices?",
            0.0,
        ),
        Letter(
            "Who has our price list?",
            "Since our colleague left, nobody here in {city} can log in to the portal or find the agreed prices for "
            "{product}.",
            -0.3,
        ),
    ),
    SECOND_SUPPLIER.name: (
        Letter(
            "Price of {product}",
            "Another supplier offers us {product} well below your list. Before we decide for next year: "
            "what can you do for a yearly volume?",
            -0.3,
        ),
        Letter(
            "Smaller lots",
            "We now take part of our {product} from somebody in {city} who delivers in small lots. "
            "Would you do that too?",
            -0.2,
        ),
    ),
}

ROUTINE = (
    Letter("Data sheet for {product}", "Please send us the current data sheet for {product}. Thank you.", 0.1),
    Letter(
        "Thank you for the quick help",
        "Your colleague found replacement {product} within a day and saved our weekend shift in {city}. Well done!",
        0.8,
    ),
    Letter("Change of delivery address", "From next month, please deliver to gate 4 of our plant in {city}.", 0.0),
    Letter(
        "Question on {order}",
        "Is it possible to add a second pallet of {product} to {order} before it leaves? The first lot was very good.",
        0.4,
    ),
    Letter("Invoice copy", "Our accounting needs a copy of the invoice for {order}. Many thanks.", 0.1),
)


def letter(trouble: Trouble | None, order: str, city: str, rng: Random) -> Letter:
    """What a customer in this trouble (None: in no trouble) writes about one of its orders."""
    chosen = rng.choice(_LETTERS[trouble.name] if trouble else ROUTINE)
    words = {"order": order, "product": rng.choice(PRODUCTS), "city": city, "days": str(rng.randint(5, 16))}
    subject, text = chosen.subject.format(**words), chosen.text.format(**words)
    tone = max(-1.0, min(1.0, chosen.sentiment + rng.uniform(-0.1, 0.1)))
    return Letter(subject[0].upper() + subject[1:], text, round(tone, 2))
