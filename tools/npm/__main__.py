"""The site's JavaScript: look over it and test it.

python -m tools.npm install        fetch the pinned packages; does nothing when they are there
python -m tools.npm lint           eslint over every module of ours
python -m tools.npm format [FIX]   prettier: check, or with `--write` put right
python -m tools.npm test           the modules' unit tests, under Node
"""

from __future__ import annotations

import sys

from tools import npm

# Modules are .mjs: jupyter-book would add a .js to every page.
SOURCES = ("book/_static/**/*.mjs", "tests/js/**/*.mjs", "tools/npm/*.mjs")


def main(arguments: list[str]) -> int:
    """Do what the command line asks; return the exit status."""
    files = sorted(
        str(path.relative_to(npm.ROOT)) for pattern in SOURCES for path in npm.ROOT.glob(pattern)
    )
    try:
        match arguments:
            case ["install"]:
                npm.install()
                return 0
            case ["lint"]:
                print(*files, sep="\n", flush=True)
                config = ["--config", "tools/npm/eslint.config.mjs", "--max-warnings", "0"]
                return npm.run(npm.program("eslint", *config, *files))
            case ["format", *more]:
                config = ["--config", "tools/npm/prettier.json"]
                return npm.run(npm.program("prettier", *config, *(more or ["--check"]), *files))
            case ["test"]:
                tests = [file for file in files if file.endswith(".test.mjs")]
                return npm.run(npm.node("--test", "--test-reporter=tap", *tests))
    except npm.Stop as stop:
        print(f"npm: {stop}", file=sys.stderr)
        return 1
    print(__doc__)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
