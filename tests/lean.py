"""Imported first by every test process: do without what is dear and of no use here."""

from __future__ import annotations

import sys

# jsonschema, below nbformat, takes 3 s of computing to get ready for IRIs, in each process that
# imports it. No notebook has one; where the module is missing it does without.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
