"""Client files in every state that people have sent them in."""

from __future__ import annotations

import gzip
from pathlib import Path

import duckdb
import pandas as pd

from risk_assets.domain.simulate import simulate

HEADER = "corporation,lastmonth_activity,lastyear_activity,number_of_employees,exited"
ODD_ROWS = """
"Müller, Söhne",12,100,20,1
"two
lines",1,2,3,0
"the ""A"" team", 7 ,8.5,1e2,true
Acme,1_000,1,1,0
Acme,0x1p3,1,1,0
Acme,1d,1,1,0
Acme,NaN,1,1,0
Acme,-3,1,1,0
Acme,1e999,1,1,0
Acme,,,,1
Acme,,,,1
,1,1,1,0
Acme,1,1,1,maybe
Acme,1,1
"Acme,1,1,1,0
"""


def soil(folder: Path) -> None:
    """Write files of several kinds and encodings: clean, soiled, damaged, and with rows that others hold too."""
    frame = simulate(900, seed=5, first_id=50_000).frame
    csv = frame.to_csv(index=False)
    lines = csv.splitlines()
    (folder / "b quoted.csv").write_text(f"{HEADER}\n{ODD_ROWS}{HEADER}\n" + "\n".join(lines[1:200]), "utf-8")
    (folder / "c.csv.gz").write_bytes(gzip.compress("\r\n".join(lines[:300]).encode(), mtime=0))
    (folder / "d[1].csv").write_bytes((lines[0] + "\nZoë,1,2,3,0\n" + "\n".join(lines[300:400])).encode("latin-1"))
    semicolons = [line.replace(",", ";") for line in [lines[0], *lines[400:450]]]
    (folder / "_e.csv").write_bytes("\n".join(semicolons).encode("utf-16"))
    (folder / "f.csv.gz").write_bytes(gzip.compress(csv.encode(), mtime=0)[:-500])
    (folder / "g.csv").write_bytes(b"")
    damaged = b"\nA,1,2,3,0\nB\xff,1,2,3,0\nZo\xc3\xab,1,2,3,1\nC\0,1,2,3,0\n"
    (folder / "h.csv").write_bytes(HEADER.encode() + damaged)
    _write_parquet(folder / "i.parquet", frame.iloc[450:900])
    content = (folder / "i.parquet").read_bytes()
    (folder / "j.parquet").write_bytes(content[: len(content) // 2])


def _write_parquet(file: Path, frame: pd.DataFrame) -> None:
    soiled = frame.astype({"lastmonth_activity": float})
    soiled.loc[soiled.index[:3], "lastmonth_activity"] = [float("nan"), -1.5, 1e101]
    with duckdb.connect() as connection:
        connection.register("soiled", soiled)
        connection.execute(f"COPY soiled TO '{file}' (FORMAT parquet)")
