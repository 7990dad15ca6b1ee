"""Every code that a problem or an error may carry."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from pointsman.spec.codes import files, names, plans, runs, values
from pointsman.spec.codes.code import Code

_EVERY: Final = (*files.CODES, *values.CODES, *names.CODES, *plans.CODES, *runs.CODES)
CODES: Final[Mapping[str, Code]] = MappingProxyType(
    {code.code: code for code in sorted(_EVERY, key=lambda code: code.code)}
)
"""By code, in order."""
