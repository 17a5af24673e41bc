"""Every sentence a reader sees passes through `_`, so that it can be translated.

The language is `LABS_LANG` (default English); catalogues live in `helpers/locale/`.
Sentences carry named fields (`_("... {name} ...").format(name=...)`), never f-strings,
so that a translator meets the whole sentence.
"""

from __future__ import annotations

import gettext
import os
from pathlib import Path

_LOCALE = Path(__file__).parent / "locale"


def _(sentence: str) -> str:
    """Return `sentence` in the reader's language, or itself where no translation exists."""
    language = os.environ.get("LABS_LANG", "en")
    catalogue = gettext.translation("helpers", _LOCALE, languages=[language], fallback=True)
    return catalogue.gettext(sentence)
