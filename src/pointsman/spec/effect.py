"""What repeating an action does outside."""

from typing import Literal

Effect = Literal["none", "native", "asked", "once"]
"""`none`: it only reads. `native`: the system itself refuses a repeat (an external id, an `Idempotency-Key`). `asked`:
we can read before we write. `once`: nobody can tell, so it is tried at most once."""
