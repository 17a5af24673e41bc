"""Fetch the price list: fetch.py TOKEN_FILE. The supplier (made up) wants to see a token."""

import re
import sys
from pathlib import Path

token = Path(sys.argv[1]).read_text().strip()
if not re.fullmatch("[0-9a-f]{32}", token):
    sys.exit("The supplier does not know this token.")
print("apples,3\npears,4")
