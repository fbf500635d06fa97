"""How subscriptions and disputes stand by facts, for a reconciliation: SQL over the rows of orders and ledger."""

from domain.payment.posting import DEFERRED, RESERVE

RECENT = 24  # invoices of a subscription by which the provider's last one is known

# Where the last period was recorded by version 1 of its fact, what recurs is not known.
_LAST = "FROM events WHERE stream_id = {} ORDER BY stream_version DESC LIMIT 1"
_STREAM = "'subscription-' || s.learner_id || ':' || s.subscription_id"
_LEFT = """(SELECT coalesce(sum(abs(held)), 0)::bigint FROM (
         SELECT sum((posting ->> 'amount')::bigint) AS held
           FROM ledger_entries AS e CROSS JOIN jsonb_array_elements(e.entries) AS entry
          CROSS JOIN jsonb_array_elements(entry -> 'postings') AS posting
          WHERE {entries} AND {account} GROUP BY posting ->> 'currency') AS reserved)"""
# Revenue of a period is booked as earned in advance, up to its end: over all days nothing of it stays deferred.
_DEFERRED = _LEFT.format(
    entries="""e.learner_id = s.learner_id AND e.order_id IN (
            SELECT o.order_id FROM orders AS o WHERE o.learner_id = s.learner_id
               AND (o.order_id = s.order_id OR o.subscription_id = s.subscription_id))""",
    account=f"starts_with(posting ->> 'account', '{DEFERRED}:')",
)
_HELD = _LEFT.format(
    entries="e.learner_id = o.learner_id AND e.order_id = o.order_id AND e.cause = dispute_id",
    account=f"posting ->> 'account' = '{RESERVE}'",
)
# A period of version 1 of its fact names no invoice: it is the one with an empty name.
_INVOICES = f"""(SELECT coalesce(
                 jsonb_object_agg(coalesce(paid ->> 'invoice_id', ''), (paid ->> 'amount')::bigint), '{{{{}}}}')
          FROM (SELECT json_or_null(data) AS paid FROM events WHERE stream_id = {_STREAM}
                   AND type IN ('subscription.renewed', 'subscription.prorated')
                 ORDER BY stream_version DESC LIMIT {RECENT}) AS periods)"""
STANDINGS = f"""
SELECT 'subscription' COLLATE "C", s.provider_id COLLATE "C", s.subscription_id,
       CASE WHEN s.status IN ('cancelled', 'ended') THEN 'over' ELSE s.status END,
       (SELECT occurred_at {_LAST.format(_STREAM)}), s.currency,
       CASE WHEN (SELECT schema_version FROM events WHERE stream_id = {_STREAM} AND type = 'subscription.renewed'
                   ORDER BY stream_version DESC LIMIT 1) = 1 THEN NULL ELSE s.amount END,
       s.period_end, s.cancel_at IS NOT NULL, s.product_id,
       (SELECT interval_count || ' ' || "interval" FROM products WHERE product_id = s.product_id), {_DEFERRED},
       s.learner_id, s.order_id, {_INVOICES}
  FROM subscriptions AS s WHERE s.status <> 'none' AND {{of_subscriptions}}
 UNION ALL
SELECT 'dispute', dispute_id, dispute_id, coalesce(nullif(part ->> 'outcome', ''), 'open'),
       (SELECT occurred_at {_LAST.format("'dispute-' || o.learner_id || ':' || dispute_id")}), o.currency,
       (part ->> 'amount')::bigint, NULL, false, NULL, NULL,
       {_HELD}, o.learner_id, o.order_id, '{{{{}}}}'
  FROM orders AS o CROSS JOIN jsonb_each(disputes) AS each (dispute_id, part)
 WHERE disputes <> '{{{{}}}}' AND {{of_orders}}
 ORDER BY 1, 2
"""
