"""The repository's GitHub workflows: look over them.

python -m tools.go actionlint [FILE ...]   actionlint over every workflow, or the named ones
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tools import go


def workflows() -> list[str]:
    """Return every workflow, relative to the repository's root."""
    folder = go.ROOT / ".github" / "workflows"
    return sorted(str(path.relative_to(go.ROOT)) for path in folder.glob("*.y*ml"))


def lint(files: list[str]) -> int:
    """Name the files, let actionlint say its faults on stderr, and return its exit status."""
    print(*files, sep="\n", flush=True)
    # The checkers of scripts are there on some machines only; the outcome must not depend on it.
    alone = ["-no-color", "-shellcheck=", "-pyflakes="]
    argv = [str(go.program("actionlint")), *alone, *files]
    return subprocess.run(argv, cwd=go.ROOT, stdout=sys.stderr, check=False).returncode


def main(arguments: list[str]) -> int:
    """Do what the command line asks; return the exit status."""
    try:
        match arguments:
            case ["actionlint", *named]:
                # Without a name actionlint would look for files by itself, in its own way.
                files = [str(Path(name).resolve()) for name in named] or workflows()
                if files:
                    return lint(files)
                print("go: there is no workflow in .github/workflows.", file=sys.stderr)
                return 1
    except go.Stop as stop:
        print(f"go: {stop}", file=sys.stderr)
        return 1
    print(__doc__)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
