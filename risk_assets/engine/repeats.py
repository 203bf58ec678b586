"""Which row hashes occur more than once: a sort in memory of bounded size, however many rows there are."""

from __future__ import annotations

from risk_assets.engine.session import Session

#: Hashes sorted at once: 400 MB. More rows take more passes.
ROWS_PER_PASS = 50_000_000


def find_repeats(session: Session, hashes: str, rows: int) -> bool:
    """Put the values of h that the query `hashes` (of `rows` rows) gives more than once into the table `repeats`.

    Returns whether there are any; a value may stand there several times.
    """
    import numpy as np

    session.run("CREATE OR REPLACE TEMP TABLE repeats (h UBIGINT)")
    passes = -(-rows // ROWS_PER_PASS)
    any_found = False
    for turn in range(passes):
        query = f"SELECT h FROM ({hashes}) WHERE h % {passes} = {turn}" if passes > 1 else hashes
        found = np.asarray(session.run(query).fetchnumpy()["h"])
        found.sort()
        repeated = found[1:][found[1:] == found[:-1]]
        if len(repeated):
            any_found = True
            session.connection.register("repeated", {"h": repeated})
            session.run("INSERT INTO repeats FROM repeated")
            session.connection.unregister("repeated")
    return any_found
