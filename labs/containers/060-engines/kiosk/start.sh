#!/bin/sh
python3 /ledger.py &
exec python3 /front.py
