"""Make a page from a list of prices: make.py PRICES FOLDER."""

import csv
import sys
from pathlib import Path

prices, folder = map(Path, sys.argv[1:])
rows = [f"<li>{name}: {price}</li>" for name, price in csv.reader(prices.open())]
folder.mkdir()
(folder / "index.html").write_text(f"<ul>{''.join(rows)}</ul>\n")
