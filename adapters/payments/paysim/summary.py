"""
What paysim's books say, by currency: the other side of the campus's ledger.
"""

from typing import Any

from adapters.payments.paysim import balance
from adapters.payments.paysim.sim import Sim

SOON = 10.0  # seconds
SUMS = """
SELECT json_extract(body, '$.currency') AS currency, json_extract(body, '$.reporting_category') AS category,
       count(*) AS transactions, sum(json_extract(body, '$.amount')) AS amount,
       sum(json_extract(body, '$.fee')) AS fee, sum(json_extract(body, '$.net')) AS net
FROM objects WHERE kind = 'balance_transaction' GROUP BY 1, 2 ORDER BY 1, 2
"""


def totals(sim: Sim) -> dict[str, Any]:
    """
    Sums of the balance transactions by currency and category, the balance, how many objects there are, and how many
    things will happen by themselves soon.
    """
    currencies: dict[str, Any] = {}
    for row in sim.store.rows.execute(SUMS):
        found = currencies.setdefault(row["currency"], {"fees": 0, "balance": 0, "by_category": {}})
        found["by_category"][row["category"]] = {
            "transactions": row["transactions"], "amount": row["amount"], "fee": row["fee"], "net": row["net"],
        }  # fmt: skip
        found["fees"] += row["fee"]
        found["balance"] += row["net"]
    for (currency, status), net in balance.totals(sim).items():
        currencies[currency][status] = net
    kinds = sim.store.rows.execute("SELECT kind, count(*) AS n FROM objects GROUP BY kind ORDER BY kind")
    unsettled = sim.store.rows.execute("SELECT count(*) FROM timers WHERE what = 'settle'").fetchone()[0]
    soon = sim.store.rows.execute("SELECT count(*) FROM timers WHERE due < ?", (sim.clock.exact() + SOON,)).fetchone()[
        0
    ]
    return {
        "currencies": currencies, "objects": {row["kind"]: row["n"] for row in kinds}, "unsettled": unsettled,
        "soon": soon,
    }  # fmt: skip
