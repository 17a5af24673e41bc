"""Where the book's parts lie; `LABS_BOOK` points tests at a copy."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(os.environ.get("LABS_BOOK") or Path(__file__).parent.parent).resolve()
BOOK = ROOT / "book"
LABS = ROOT / "labs"
