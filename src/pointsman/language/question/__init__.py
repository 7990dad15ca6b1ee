"""Questions in words, read into a flow's typed input without a language model: by a grammar over the flow's own phrases
and fields. Every word must be explained by it; a question with a word that is not is refused, never guessed.
"""

from pointsman.language.question.forms import forms
from pointsman.language.question.readable import InputField, Readable, output_fields
from pointsman.language.question.reading import Chip, NotRead, Reading, read

__all__ = ["Chip", "InputField", "NotRead", "Readable", "Reading", "forms", "output_fields", "read"]
