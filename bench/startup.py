#!/usr/bin/env python3
"""How long `slipway --version` and `--help` take, whole process, beside an interpreter that imports scikit-learn.

startup.py [--check]
"""
import sys

from measure import SLIPWAY, Measured, Targets, median, require_program

LIMIT_MS = 20.0
ROUNDS = 31


def main():
    require_program()
    targets = Targets()
    for words in (["--version"], ["--help"], ["run", "--help"]):
        times = [Measured([SLIPWAY, *words]).seconds * 1000 for _ in range(ROUNDS)]
        targets.expect(f"slipway {' '.join(words)}: {median(times):.1f} ms ({min(times):.1f} to {max(times):.1f}), "
                       f"at most {LIMIT_MS:g} ms", median(times) <= LIMIT_MS)
    peer = [Measured([sys.executable, "-c", "import sklearn.ensemble"]).seconds * 1000 for _ in range(3)]
    print(f"  python -c 'import sklearn.ensemble': {median(peer):.0f} ms")
    targets.finish("--check" in sys.argv[1:])


if __name__ == "__main__":
    main()
