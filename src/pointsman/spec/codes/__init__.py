"""Every code that a problem or an error may carry."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from pointsman.spec.codes import files, names, plans, runs, values
from pointsman.spec.codes.code import Code

CODES: Final[Mapping[str, Code]] = MappingProxyType(
    {code.code: code for part in (files, values, names, plans, runs) for code in part.CODES}
)
