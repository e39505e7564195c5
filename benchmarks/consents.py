"""Rows of a consent file checked per second, against PostgreSQL's own COPY of the same clean file."""

import asyncio
import tempfile
import time
from datetime import date
from pathlib import Path

import asyncpg

from portal.gateways.postgres import EmbeddedPostgres
from portal.gateways.spreadsheets import read_rows
from portal.usecases.consent_files import check_consents

ROWS = 300_000
HEADER = "回線ID,利用者番号,同意日時,同意方法,提供条件版,再販先コード,証跡ファイル,証跡SHA256,取得者"
METHODS = ("ウェブ", "書面", "電話録音", "対面端末")
RUNS = 3


def write(path: Path) -> None:
    """A clean file as Excel saves it."""
    with path.open("w", encoding="cp932", newline="") as file:
        file.write(HEADER + "\r\n")
        for n in range(ROWS):
            file.write(
                f"CAF{n:010},U{n:08},2026/{n % 12 + 1}/{n % 28 + 1} 10:{n % 60:02},{METHODS[n % 4]},"
                f"2026-04,P{n % 50:02},scan{n}.pdf,{n:064x},担当{n % 30}\r\n"
            )


def check(path: Path) -> float:
    started = time.perf_counter()
    good = sum(1 for one in check_consents(read_rows(path), today=date(2027, 12, 31)) if one.record is not None)
    if good != ROWS:
        raise SystemExit(f"{good} of {ROWS} rows were read")
    return time.perf_counter() - started


async def copy(path: Path, connection: asyncpg.Connection) -> float:
    await connection.execute("DROP TABLE IF EXISTS staging")
    columns = ", ".join(f"c{n} text" for n in range(HEADER.count(",") + 1))
    await connection.execute(f"CREATE UNLOGGED TABLE staging ({columns})")
    started = time.perf_counter()
    await connection.copy_to_table("staging", source=path, format="csv", header=True, encoding="SJIS")
    return time.perf_counter() - started


async def measure() -> None:
    with tempfile.TemporaryDirectory() as directory, EmbeddedPostgres(Path(directory) / "pg", durable=False) as cluster:
        path = Path(directory) / "consents.csv"
        write(path)
        connection = await asyncpg.connect(cluster.url().replace("+asyncpg", ""))
        await copy(path, connection)
        for run in range(RUNS):
            limit = await copy(path, connection)
            ours = await asyncio.to_thread(check, path)
            print(
                f"run {run + 1}: COPY {ROWS / limit:,.0f} rows/s · read and check {ROWS / ours:,.0f} rows/s"
                f" · {limit / ours:.2f} of the limit"
            )
        await connection.close()
