"""What the book's notebooks may import: `from helpers import lab` (and the modules below)."""

from helpers.labs import lab

__all__ = ["lab"]
