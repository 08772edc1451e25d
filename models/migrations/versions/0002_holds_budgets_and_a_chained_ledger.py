"""holds, budgets, events, and a ledger whose transfers are numbered, chained and append-only"""

from collections import defaultdict
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from alembic import op
from models import base
from models.ledger_chain import GENESIS, chained

revision = '0002'
down_revision = '0001'


def upgrade() -> None:
    create_tables()
    op.add_column('credit_grant', sa.Column('voided', base.Money(), nullable=True))
    op.add_column('credit_grant', sa.Column('voided_at', base.Instant(), nullable=True))
    op.add_column('credit_grant', sa.Column('void_reason', sa.Text(), nullable=True))
    op.add_column('idempotent_request', sa.Column('answer', sa.Text(), nullable=True))
    op.add_column('workflow', sa.Column('ancestor_ids', sa.Text(), nullable=False, server_default=''))
    op.create_index('ix_credit_grant_remaining', 'credit_grant', ['account_id', 'id'], unique=False, sqlite_where=sa.text('remaining > 0'), postgresql_where=sa.text('remaining > 0'))
    fill_ancestors()
    if op.get_bind().dialect.name == 'sqlite':
        rebuild_on_sqlite()
    else:
        alter_on_postgresql()
    op.create_index('ix_account_expiry_due', 'account', ['expiry_due_at'], unique=False)
    op.create_index('ix_ledger_transfer_credit_hold', 'ledger_transfer', ['account_id', 'credit_hold_id'], unique=False)
    op.create_index('ix_ledger_transfer_debit_hold', 'ledger_transfer', ['account_id', 'debit_hold_id'], unique=False)
    op.execute(
        'UPDATE account SET expiry_due_at = (SELECT min(expires_at) FROM credit_grant '
        'WHERE credit_grant.account_id = account.id AND remaining > 0)'
    )
    make_append_only()


ACCOUNT_CHECKS = (
    sa.CheckConstraint('overdraft_limit >= 0', name=op.f('ck_account_overdraft_limit')),
    sa.CheckConstraint(
        'granted >= 0 AND spent >= 0 AND expired >= 0 AND held >= 0 AND held_on_credit >= 0 '
        'AND held_on_credit <= held AND held_on_credit <= overdraft AND overdraft <= spent + held_on_credit',
        name=op.f('ck_account_balances'),
    ),
    sa.CheckConstraint('spent + held + expired <= granted + overdraft', name=op.f('ck_account_cover')),
)
TRANSFER_CHECKS = (
    sa.CheckConstraint('amount > 0', name=op.f('ck_ledger_transfer_amount')),
    sa.CheckConstraint('sequence > 0', name=op.f('ck_ledger_transfer_sequence')),
    sa.CheckConstraint(
        "debit_book <> credit_book OR (debit_book = 'HOLD' AND debit_hold_id <> credit_hold_id)",
        name=op.f('ck_ledger_transfer_books'),
    ),
    sa.CheckConstraint(
        "debit_book IN ('ISSUED', 'GRANT', 'HOLD', 'SPENT', 'EXPIRED', 'OVERDRAFT')",
        name=op.f('ck_ledger_transfer_debit_book'),
    ),
    sa.CheckConstraint(
        "credit_book IN ('ISSUED', 'GRANT', 'HOLD', 'SPENT', 'EXPIRED', 'OVERDRAFT')",
        name=op.f('ck_ledger_transfer_credit_book'),
    ),
    sa.CheckConstraint(
        "(debit_book <> 'GRANT' AND credit_book <> 'GRANT') OR grant_id IS NOT NULL",
        name=op.f('ck_ledger_transfer_grant_named'),
    ),
    sa.CheckConstraint(
        "(debit_book = 'HOLD') = (debit_hold_id IS NOT NULL)", name=op.f('ck_ledger_transfer_debit_hold_named')
    ),
    sa.CheckConstraint(
        "(credit_book = 'HOLD') = (credit_hold_id IS NOT NULL)", name=op.f('ck_ledger_transfer_credit_hold_named')
    ),
)


def rebuild_on_sqlite() -> None:
    """SQLite cannot change a table's constraints: the tables are made anew and take over the old rows."""
    op.create_table('new_account',
    sa.Column('id', base.Id(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('overdraft_limit', base.Money(), nullable=True),
    sa.Column('granted', base.Money(), nullable=False),
    sa.Column('spent', base.Money(), nullable=False),
    sa.Column('expired', base.Money(), nullable=False),
    sa.Column('overdraft', base.Money(), nullable=False),
    sa.Column('held', base.Money(), nullable=False),
    sa.Column('held_on_credit', base.Money(), nullable=False),
    sa.Column('transfer_count', base.BigInt(), nullable=False),
    sa.Column('chain_hash', sa.Text(), nullable=False),
    sa.Column('expiry_due_at', base.Instant(), nullable=True),
    sa.Column('budgets_version', base.BigInt(), nullable=False),
    sa.Column('balance_alert_threshold', base.Money(), nullable=True),
    sa.Column('created_at', base.Instant(), nullable=False),
    *ACCOUNT_CHECKS,
    sa.PrimaryKeyConstraint('id', name=op.f('pk_account')),
    sqlite_strict=True
    )
    op.create_table('new_ledger_transfer',
    sa.Column('account_id', base.Id(), nullable=False),
    sa.Column('id', base.Id(), nullable=False),
    sa.Column('sequence', base.BigInt(), nullable=False),
    sa.Column('debit_book', sa.Text(), nullable=False),
    sa.Column('credit_book', sa.Text(), nullable=False),
    sa.Column('amount', base.Money(), nullable=False),
    sa.Column('grant_id', base.Id(), nullable=True),
    sa.Column('debit_hold_id', base.Id(), nullable=True),
    sa.Column('credit_hold_id', base.Id(), nullable=True),
    sa.Column('service_usage_id', base.Id(), nullable=True),
    sa.Column('posted_at', base.Instant(), nullable=False),
    sa.Column('hash', sa.Text(), nullable=False),
    *TRANSFER_CHECKS,
    sa.ForeignKeyConstraint(['account_id', 'grant_id'], ['credit_grant.account_id', 'credit_grant.id'], name=op.f('fk_ledger_transfer_account_id_grant_id_credit_grant')),
    sa.ForeignKeyConstraint(['account_id', 'service_usage_id'], ['service_usage.account_id', 'service_usage.id'], name=op.f('fk_ledger_transfer_account_id_service_usage_id_service_usage')),
    sa.ForeignKeyConstraint(['account_id', 'debit_hold_id'], ['credit_hold.account_id', 'credit_hold.id'], name='fk_ledger_transfer_debit_hold'),
    sa.ForeignKeyConstraint(['account_id', 'credit_hold_id'], ['credit_hold.account_id', 'credit_hold.id'], name='fk_ledger_transfer_credit_hold'),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_ledger_transfer_account_id_account')),
    sa.PrimaryKeyConstraint('account_id', 'id', name=op.f('pk_ledger_transfer')),
    sa.UniqueConstraint('account_id', 'sequence', name='uq_ledger_transfer_sequence'),
    sqlite_strict=True
    )
    kept = 'id, name, overdraft_limit, granted, spent, expired, overdraft, created_at'
    op.execute(
        f'INSERT INTO new_account ({kept}, held, held_on_credit, transfer_count, chain_hash, budgets_version) '
        f"SELECT {kept}, 0, 0, 0, '{GENESIS}', 0 FROM account"
    )
    new = sa.table('new_ledger_transfer', *(sa.column(name, kind) for name, kind in TRANSFER_COLUMNS))
    for account_id in account_ids():
        rows = chained_transfers(account_id)
        if rows:
            op.bulk_insert(new, rows)
            note_end('new_account', rows[-1])
    for name in ('account', 'ledger_transfer'):
        op.drop_table(name)
        op.rename_table(f'new_{name}', name)
    op.create_index('ix_ledger_transfer_grant', 'ledger_transfer', ['account_id', 'grant_id'], unique=False)
    op.create_index('ix_ledger_transfer_usage', 'ledger_transfer', ['account_id', 'service_usage_id'], unique=False)


def alter_on_postgresql() -> None:
    """PostgreSQL changes the tables in place."""
    for name in ('held', 'held_on_credit', 'transfer_count', 'budgets_version'):
        op.add_column('account', sa.Column(name, sa.BigInteger(), nullable=False, server_default='0'))
        op.alter_column('account', name, server_default=None)
    op.add_column('account', sa.Column('chain_hash', sa.Text(), nullable=False, server_default=GENESIS))
    op.alter_column('account', 'chain_hash', server_default=None)
    op.alter_column('workflow', 'ancestor_ids', server_default=None)
    op.add_column('account', sa.Column('expiry_due_at', base.Instant(), nullable=True))
    op.add_column('account', sa.Column('balance_alert_threshold', base.Money(), nullable=True))
    for name in ('balances', 'cover', 'overdraft_limit'):
        op.drop_constraint(op.f(f'ck_account_{name}'), 'account', type_='check')
    for check in ACCOUNT_CHECKS:
        op.create_check_constraint(str(check.name), 'account', check.sqltext)
    for name in ('grant_named', 'credit_book', 'debit_book', 'amount', 'books'):
        op.drop_constraint(op.f(f'ck_ledger_transfer_{name}'), 'ledger_transfer', type_='check')
    op.add_column('ledger_transfer', sa.Column('sequence', base.BigInt(), nullable=True))
    op.add_column('ledger_transfer', sa.Column('debit_hold_id', base.Id(), nullable=True))
    op.add_column('ledger_transfer', sa.Column('credit_hold_id', base.Id(), nullable=True))
    op.add_column('ledger_transfer', sa.Column('hash', sa.Text(), nullable=True))
    number = sa.text('UPDATE ledger_transfer SET sequence = :sequence, hash = :hash WHERE account_id = :account_id AND id = :id')
    for account_id in account_ids():
        rows = chained_transfers(account_id)
        if rows:
            op.get_bind().execute(number, [{name: row[name] for name in ('sequence', 'hash', 'account_id', 'id')} for row in rows])
            note_end('account', rows[-1])
    op.alter_column('ledger_transfer', 'sequence', nullable=False)
    op.alter_column('ledger_transfer', 'hash', nullable=False)
    for check in TRANSFER_CHECKS:
        op.create_check_constraint(str(check.name), 'ledger_transfer', check.sqltext)
    op.create_unique_constraint('uq_ledger_transfer_sequence', 'ledger_transfer', ['account_id', 'sequence'])
    for side in ('debit', 'credit'):
        op.create_foreign_key(f'fk_ledger_transfer_{side}_hold', 'ledger_transfer', 'credit_hold', ['account_id', f'{side}_hold_id'], ['account_id', 'id'])


TRANSFER_COLUMNS = (
    ('account_id', base.Id()), ('id', base.Id()), ('sequence', base.BigInt()), ('debit_book', sa.Text()),
    ('credit_book', sa.Text()), ('amount', base.BigInt()), ('grant_id', base.Id()), ('service_usage_id', base.Id()),
    ('posted_at', base.Instant()), ('hash', sa.Text()),
)


def account_ids() -> list[UUID]:
    return list(op.get_bind().execute(sa.text('SELECT id FROM account').columns(id=base.Id())).scalars())


def chained_transfers(account_id: UUID) -> list[dict[str, Any]]:
    """An account's transfers in the order of their making, numbered and chained."""
    old = sa.table('ledger_transfer', *(sa.column(name, kind) for name, kind in TRANSFER_COLUMNS if name not in ('sequence', 'hash')))
    rows = op.get_bind().execute(sa.select(old).where(old.c.account_id == account_id).order_by(old.c.id)).mappings()
    numbered, last = [], GENESIS
    for sequence, row in enumerate(rows, 1):
        last = chained(
            last,
            account_id=account_id,
            sequence=sequence,
            transfer_id=row['id'],
            debit_book=row['debit_book'],
            credit_book=row['credit_book'],
            amount_micros=row['amount'],
            grant_id=row['grant_id'],
            debit_hold_id=None,
            credit_hold_id=None,
            service_usage_id=row['service_usage_id'],
            posted_at=row['posted_at'],
        )
        numbered.append({**row, 'sequence': sequence, 'hash': last})
    return numbered


def note_end(table: str, last: dict[str, Any]) -> None:
    statement = sa.text(f'UPDATE {table} SET transfer_count = :sequence, chain_hash = :hash WHERE id = :account_id')
    op.get_bind().execute(
        statement.bindparams(sa.bindparam('account_id', type_=base.Id())),
        {'sequence': last['sequence'], 'hash': last['hash'], 'account_id': last['account_id']},
    )


def fill_ancestors() -> None:
    """Ids rise with time, so that a parent's path is known before its children's."""
    runs = sa.table('workflow', sa.column('account_id', base.Id()), sa.column('id', base.Id()), sa.column('parent_workflow_id', base.Id()), sa.column('ancestor_ids', base.Lineage()))
    bind = op.get_bind()
    children = bind.execute(
        sa.select(runs.c.account_id, runs.c.id, runs.c.parent_workflow_id).where(runs.c.parent_workflow_id.is_not(None)).order_by(runs.c.id)
    ).all()
    paths: dict[tuple[UUID, UUID], tuple[UUID, ...]] = defaultdict(tuple)
    for child in children:
        paths[child.account_id, child.id] = (*paths[child.account_id, child.parent_workflow_id], child.parent_workflow_id)
        bind.execute(
            sa.update(runs).where(runs.c.account_id == child.account_id, runs.c.id == child.id).values(ancestor_ids=paths[child.account_id, child.id])
        )


FACTS = {
    'ledger_transfer': None,
    'hold_line': None,
    'service_usage': (
        'account_id, id, workflow_id, rate_id, service_type, provider, unit_type, micro_units, credits, '
        'exact_micros, used_at, recorded_at, late'
    ),
}
"""Tables whose rows never go, and which of their columns never change (None: none of them does)."""


KEYS = {
    'ledger_transfer': (
        'old.account_id = NEW.account_id AND old.id = NEW.id '
        'OR old.account_id = NEW.account_id AND old.sequence = NEW.sequence'
    ),
    'hold_line': 'old.account_id = NEW.account_id AND old.hold_id = NEW.hold_id AND old.line = NEW.line',
    'service_usage': 'old.account_id = NEW.account_id AND old.id = NEW.id',
}
"""What makes a row the same as one that is there already."""


def make_append_only() -> None:
    on_sqlite = op.get_bind().dialect.name == 'sqlite'
    if not on_sqlite:
        op.execute(
            'CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN '
            "RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation'; END $$"
        )
    for table, columns in FACTS.items():
        update = 'UPDATE' if columns is None else f'UPDATE OF {columns}'
        for event, name in ((update, 'update'), ('DELETE', 'delete')):
            if on_sqlite:
                op.execute(
                    f'CREATE TRIGGER {table}_refuse_{name} BEFORE {event} ON {table} '
                    f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
                )
            else:
                op.execute(
                    f'CREATE TRIGGER {table}_refuse_{name} BEFORE {event} ON {table} '
                    'FOR EACH ROW EXECUTE FUNCTION refuse_change()'
                )
        if on_sqlite:
            # INSERT OR REPLACE deletes rows without asking the trigger for deletions.
            op.execute(
                f'CREATE TRIGGER {table}_refuse_replace BEFORE INSERT ON {table} '
                f'WHEN EXISTS (SELECT 1 FROM {table} AS old WHERE {KEYS[table]}) '
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )
        else:
            op.execute(
                f'CREATE TRIGGER {table}_refuse_truncate BEFORE TRUNCATE ON {table} '
                'FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()'
            )


def create_tables() -> None:
    op.create_table('budget',
    sa.Column('account_id', base.Id(), nullable=False),
    sa.Column('id', base.Id(), nullable=False),
    sa.Column('name', sa.Text(), nullable=True),
    sa.Column('scope', sa.Text(), nullable=False),
    sa.Column('subject', sa.Text(), nullable=True),
    sa.Column('window_kind', sa.Text(), nullable=False),
    sa.Column('time_zone', sa.Text(), nullable=False),
    sa.Column('credit_limit', base.Money(), nullable=False),
    sa.Column('action', sa.Text(), nullable=False),
    sa.Column('thresholds', sa.Text(), nullable=False),
    sa.Column('created_at', base.Instant(), nullable=False),
    sa.Column('updated_at', base.Instant(), nullable=False),
    sa.Column('removed_at', base.Instant(), nullable=True),
    sa.CheckConstraint("action IN ('BLOCK', 'ALERT')", name=op.f('ck_budget_action')),
    sa.CheckConstraint("scope <> 'ACCOUNT' OR subject IS NULL", name=op.f('ck_budget_subject')),
    sa.CheckConstraint("scope IN ('ACCOUNT', 'API_KEY', 'AGENT', 'USER', 'WORKFLOW_NAME')", name=op.f('ck_budget_scope')),
    sa.CheckConstraint("window_kind IN ('REQUEST', 'HOUR', 'DAY', 'MONTH', 'LIFETIME')", name=op.f('ck_budget_window_kind')),
    sa.CheckConstraint('credit_limit >= 0', name=op.f('ck_budget_credit_limit')),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_budget_account_id_account')),
    sa.PrimaryKeyConstraint('account_id', 'id', name=op.f('pk_budget')),
    sqlite_strict=True
    )
    op.create_index('ix_budget_created', 'budget', ['account_id', 'created_at', 'id'], unique=False)
    op.create_table('event',
    sa.Column('account_id', base.Id(), nullable=False),
    sa.Column('id', base.Id(), nullable=False),
    sa.Column('type', sa.Text(), nullable=False),
    sa.Column('data', sa.Text(), nullable=False),
    sa.Column('occurred_at', base.Instant(), nullable=False),
    sa.Column('dispatched_at', base.Instant(), nullable=True),
    sa.CheckConstraint("type IN ('balance.low', 'overdraft.started', 'budget.threshold_reached', 'hold.expired', 'webhook.test')", name=op.f('ck_event_type')),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_event_account_id_account')),
    sa.PrimaryKeyConstraint('account_id', 'id', name=op.f('pk_event')),
    sqlite_strict=True
    )
    op.create_index('ix_event_occurred', 'event', ['account_id', 'occurred_at', 'id'], unique=False)
    op.create_index('ix_event_waiting', 'event', ['account_id', 'id'], unique=False, sqlite_where=sa.text('dispatched_at IS NULL'), postgresql_where=sa.text('dispatched_at IS NULL'))
    op.create_table('budget_use',
    sa.Column('account_id', base.Id(), nullable=False),
    sa.Column('budget_id', base.Id(), nullable=False),
    sa.Column('subject', sa.Text(), nullable=False),
    sa.Column('window_start', base.Instant(), nullable=False),
    sa.Column('used', base.Money(), nullable=False),
    sa.Column('held', base.Money(), nullable=False),
    sa.Column('alerted', sa.Integer(), nullable=False),
    sa.CheckConstraint('used >= 0 AND held >= 0 AND alerted >= 0', name=op.f('ck_budget_use_bounds')),
    sa.ForeignKeyConstraint(['account_id', 'budget_id'], ['budget.account_id', 'budget.id'], name=op.f('fk_budget_use_account_id_budget_id_budget')),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_budget_use_account_id_account')),
    sa.PrimaryKeyConstraint('account_id', 'budget_id', 'subject', 'window_start', name=op.f('pk_budget_use')),
    sqlite_strict=True
    )
    op.create_index('ix_budget_use_window', 'budget_use', ['account_id', 'budget_id', 'window_start'], unique=False)
    op.create_index('ix_event_type', 'event', ['account_id', 'type', 'occurred_at', 'id'], unique=False)
    op.create_table('credit_hold',
    sa.Column('account_id', base.Id(), nullable=False),
    sa.Column('id', base.Id(), nullable=False),
    sa.Column('workflow_id', base.Id(), nullable=False),
    sa.Column('status', sa.Text(), nullable=False),
    sa.Column('amount', base.Money(), nullable=False),
    sa.Column('captured', base.Money(), nullable=False),
    sa.Column('released', base.Money(), nullable=False),
    sa.Column('lent', base.Money(), nullable=False),
    sa.Column('remaining', base.Money(), nullable=False),
    sa.Column('rate_card_id', base.Id(), nullable=True),
    sa.Column('expires_at', base.Instant(), nullable=False),
    sa.Column('created_at', base.Instant(), nullable=False),
    sa.Column('closed_at', base.Instant(), nullable=True),
    sa.CheckConstraint("(status = 'OPEN') = (closed_at IS NULL)", name=op.f('ck_credit_hold_closed')),
    sa.CheckConstraint("status = 'OPEN' OR remaining = 0", name=op.f('ck_credit_hold_closed_is_empty')),
    sa.CheckConstraint("status IN ('OPEN', 'SETTLED', 'RELEASED', 'EXPIRED')", name=op.f('ck_credit_hold_status')),
    sa.CheckConstraint('amount > 0 AND captured >= 0 AND released >= 0 AND lent >= 0 AND remaining >= 0 AND captured + released + lent + remaining = amount', name=op.f('ck_credit_hold_parts')),
    sa.ForeignKeyConstraint(['account_id', 'workflow_id'], ['workflow.account_id', 'workflow.id'], name=op.f('fk_credit_hold_account_id_workflow_id_workflow')),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_credit_hold_account_id_account')),
    sa.ForeignKeyConstraint(['rate_card_id'], ['rate_card.id'], name=op.f('fk_credit_hold_rate_card_id_rate_card')),
    sa.PrimaryKeyConstraint('account_id', 'id', name=op.f('pk_credit_hold')),
    sqlite_strict=True
    )
    op.create_index('ix_credit_hold_created', 'credit_hold', ['account_id', 'created_at', 'id'], unique=False)
    op.create_index('ix_credit_hold_open', 'credit_hold', ['account_id', 'expires_at'], unique=False, sqlite_where=sa.text("status = 'OPEN'"), postgresql_where=sa.text("status = 'OPEN'"))
    op.create_index('ix_credit_hold_workflow', 'credit_hold', ['account_id', 'workflow_id', 'id'], unique=False)
    op.create_table('hold_line',
    sa.Column('account_id', base.Id(), nullable=False),
    sa.Column('hold_id', base.Id(), nullable=False),
    sa.Column('line', sa.Integer(), nullable=False),
    sa.Column('service_type', sa.Text(), nullable=True),
    sa.Column('provider', sa.Text(), nullable=True),
    sa.Column('unit_type', sa.Text(), nullable=True),
    sa.Column('micro_units', base.BigInt(), nullable=True),
    sa.Column('rate_id', base.Id(), nullable=True),
    sa.Column('credits', base.Money(), nullable=False),
    sa.Column('held_at', base.Instant(), nullable=False),
    sa.CheckConstraint('(service_type IS NULL) = (provider IS NULL) AND (service_type IS NULL) = (unit_type IS NULL) AND (service_type IS NULL) = (micro_units IS NULL) AND (service_type IS NULL) = (rate_id IS NULL)', name=op.f('ck_hold_line_service')),
    sa.CheckConstraint('credits >= 0', name=op.f('ck_hold_line_credits')),
    sa.CheckConstraint('micro_units > 0', name=op.f('ck_hold_line_units')),
    sa.ForeignKeyConstraint(['account_id', 'hold_id'], ['credit_hold.account_id', 'credit_hold.id'], name=op.f('fk_hold_line_account_id_hold_id_credit_hold')),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_hold_line_account_id_account')),
    sa.ForeignKeyConstraint(['rate_id'], ['rate.id'], name=op.f('fk_hold_line_rate_id_rate')),
    sa.PrimaryKeyConstraint('account_id', 'hold_id', 'line', name=op.f('pk_hold_line')),
    sqlite_strict=True
    )
    op.create_table('hold_part',
    sa.Column('account_id', base.Id(), nullable=False),
    sa.Column('hold_id', base.Id(), nullable=False),
    sa.Column('part', sa.Integer(), nullable=False),
    sa.Column('line', sa.Integer(), nullable=False),
    sa.Column('grant_id', base.Id(), nullable=True),
    sa.Column('lender_hold_id', base.Id(), nullable=True),
    sa.Column('lender_part', sa.Integer(), nullable=True),
    sa.Column('amount', base.Money(), nullable=False),
    sa.Column('remaining', base.Money(), nullable=False),
    sa.CheckConstraint('(lender_hold_id IS NULL) = (lender_part IS NULL)', name=op.f('ck_hold_part_lender')),
    sa.CheckConstraint('amount > 0 AND remaining >= 0 AND remaining <= amount', name=op.f('ck_hold_part_bounds')),
    sa.ForeignKeyConstraint(['account_id', 'grant_id'], ['credit_grant.account_id', 'credit_grant.id'], name=op.f('fk_hold_part_account_id_grant_id_credit_grant')),
    sa.ForeignKeyConstraint(['account_id', 'hold_id', 'line'], ['hold_line.account_id', 'hold_line.hold_id', 'hold_line.line'], name=op.f('fk_hold_part_account_id_hold_id_line_hold_line')),
    sa.ForeignKeyConstraint(['account_id', 'lender_hold_id', 'lender_part'], ['hold_part.account_id', 'hold_part.hold_id', 'hold_part.part'], name='fk_hold_part_lender'),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_hold_part_account_id_account')),
    sa.PrimaryKeyConstraint('account_id', 'hold_id', 'part', name=op.f('pk_hold_part')),
    sqlite_strict=True
    )
