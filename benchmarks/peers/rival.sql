-- What rivals keep on PostgreSQL: the four rows of a usage and no more than they need for them. They have fewer
-- columns, indexes and checks than the service, no rate card, no keys, no budgets, no holds and no rollups.
CREATE SCHEMA rival;
SET search_path TO rival;

CREATE TABLE account (
    id uuid PRIMARY KEY,
    spent bigint NOT NULL DEFAULT 0,
    transfer_count bigint NOT NULL DEFAULT 0
);
CREATE TABLE agent (
    account_id uuid NOT NULL REFERENCES account,
    id uuid NOT NULL,
    name text NOT NULL,
    PRIMARY KEY (account_id, id)
);
CREATE TABLE workflow (
    account_id uuid NOT NULL REFERENCES account,
    id uuid NOT NULL,
    agent_id uuid,
    workflow_name text NOT NULL,
    status text NOT NULL,
    total_credits bigint NOT NULL DEFAULT 0,
    usage_count bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (account_id, id),
    FOREIGN KEY (account_id, agent_id) REFERENCES agent
);
CREATE INDEX ON workflow (account_id, agent_id, id);
CREATE TABLE service_usage (
    account_id uuid NOT NULL,
    id uuid NOT NULL,
    workflow_id uuid NOT NULL,
    idempotency_key text NOT NULL,
    service_type text NOT NULL,
    provider text NOT NULL,
    unit_type text NOT NULL,
    micro_units bigint NOT NULL,
    credits bigint NOT NULL,
    used_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (account_id, id),
    UNIQUE (account_id, idempotency_key),
    FOREIGN KEY (account_id, workflow_id) REFERENCES workflow
);
CREATE INDEX ON service_usage (account_id, workflow_id, id);
CREATE TABLE ledger_transfer (
    account_id uuid NOT NULL REFERENCES account,
    id uuid NOT NULL,
    sequence bigint NOT NULL,
    debit_book text NOT NULL,
    credit_book text NOT NULL,
    amount bigint NOT NULL,
    service_usage_id uuid NOT NULL,
    posted_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (account_id, id),
    UNIQUE (account_id, sequence),
    FOREIGN KEY (account_id, service_usage_id) REFERENCES service_usage
);

-- Client n has a run of its own in an account of its own, and one in the account that all share.
CREATE FUNCTION numbered(n integer) RETURNS uuid LANGUAGE sql IMMUTABLE
RETURN lpad(to_hex(n), 32, '0')::uuid;
INSERT INTO account (id) SELECT numbered(n) FROM generate_series(1, 64) n;
INSERT INTO workflow (account_id, id, workflow_name, status)
SELECT DISTINCT account_id, numbered(n), 'phone_ai_call', 'RUNNING'
FROM generate_series(1, 64) n, LATERAL (VALUES (numbered(n)), (numbered(1))) its (account_id);

-- The same four statements as a function, which PostGraphile makes a mutation of.
CREATE FUNCTION add_service_usage(
    account uuid, workflow uuid, key text, service text, provider text, unit text, units bigint
) RETURNS service_usage LANGUAGE plpgsql VOLATILE SET search_path TO rival AS $$
DECLARE
    added service_usage;
    credits bigint := ceil(units / 1000000000.0) * 1000000;
    number bigint;
BEGIN
    INSERT INTO service_usage
    VALUES (account, gen_random_uuid(), workflow, key, service, provider, unit, units, credits)
    ON CONFLICT (account_id, idempotency_key) DO NOTHING RETURNING * INTO added;
    IF NOT FOUND THEN
        SELECT * INTO added FROM service_usage u WHERE u.account_id = account AND u.idempotency_key = key;
        RETURN added;
    END IF;
    UPDATE workflow w SET total_credits = w.total_credits + credits, usage_count = w.usage_count + 1
    WHERE w.account_id = account AND w.id = workflow;
    UPDATE account a SET spent = a.spent + credits, transfer_count = a.transfer_count + 1
    WHERE a.id = account RETURNING a.transfer_count INTO number;
    INSERT INTO ledger_transfer (account_id, id, sequence, debit_book, credit_book, amount, service_usage_id)
    VALUES (account, gen_random_uuid(), number, 'OVERDRAFT', 'SPENT', credits, added.id);
    RETURN added;
END $$;

-- PostGraphile shows it as a field of a run.
CREATE TYPE service_total AS (service_type text, provider text, usage_count bigint, total_credits bigint);
CREATE FUNCTION workflow_breakdown(run workflow) RETURNS SETOF service_total LANGUAGE sql STABLE AS $$
    SELECT service_type, provider, count(*), sum(credits)::bigint FROM rival.service_usage
    WHERE account_id = run.account_id AND workflow_id = run.id GROUP BY 1, 2 ORDER BY 4 DESC, 1, 2
$$;
