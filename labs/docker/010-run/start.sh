#!/bin/sh
# What the image runs: prepare, then start the till.
echo "opening at $(date +%H:%M)"
python3 /till.py
