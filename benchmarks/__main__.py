"""`python -m benchmarks [pages|consents]`: every figure is a ratio to a limit that ran in the same minutes."""

import asyncio
import sys

from benchmarks import consents, pages

BENCHMARKS = {"pages": pages.measure, "consents": consents.measure}


def main() -> None:
    chosen = sys.argv[1:] or list(BENCHMARKS)
    for name in chosen:
        print(f"== {name}", flush=True)
        asyncio.run(BENCHMARKS[name]())


main()
