"""indexes of what transfers name, without those that name nothing"""

import sqlalchemy as sa
from alembic import op
from models import base

revision = '0009'
down_revision = '0008'


def upgrade() -> None:
    if op.get_bind().dialect.name == 'sqlite':
        rebuild_on_sqlite()
    else:
        for name in REFERENCES:
            op.drop_index(f'ix_ledger_transfer_{name}', 'ledger_transfer')
    for name, column in REFERENCES.items():
        where = sa.text(f'{column} IS NOT NULL')
        op.create_index(f'ix_ledger_transfer_{name}', 'ledger_transfer', ['account_id', column, 'sequence'], unique=False, sqlite_where=where, postgresql_where=where)


REFERENCES = {
    'usage': 'service_usage_id',
    'grant': 'grant_id',
    'debit_hold': 'debit_hold_id',
    'credit_hold': 'credit_hold_id',
}
BOOKS = ('ISSUED', 'GRANT', 'HOLD', 'SPENT', 'EXPIRED', 'OVERDRAFT')


def rebuild_on_sqlite() -> None:
    """SQLite cannot change a check: the table is made anew and takes over the old rows.

    A list of more than two values becomes a table for each row that is checked: the books are compared one by
    one. PostgreSQL's checks, which mean the same, stay.
    """
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
    sa.CheckConstraint('amount > 0', name=op.f('ck_ledger_transfer_amount')),
    sa.CheckConstraint('sequence > 0', name=op.f('ck_ledger_transfer_sequence')),
    sa.CheckConstraint("debit_book <> credit_book OR (debit_book = 'HOLD' AND debit_hold_id <> credit_hold_id)", name=op.f('ck_ledger_transfer_books')),
    sa.CheckConstraint(' OR '.join(f"debit_book = '{book}'" for book in BOOKS), name=op.f('ck_ledger_transfer_debit_book')),
    sa.CheckConstraint(' OR '.join(f"credit_book = '{book}'" for book in BOOKS), name=op.f('ck_ledger_transfer_credit_book')),
    sa.CheckConstraint("(debit_book <> 'GRANT' AND credit_book <> 'GRANT') OR grant_id IS NOT NULL", name=op.f('ck_ledger_transfer_grant_named')),
    sa.CheckConstraint("(debit_book = 'HOLD') = (debit_hold_id IS NOT NULL)", name=op.f('ck_ledger_transfer_debit_hold_named')),
    sa.CheckConstraint("(credit_book = 'HOLD') = (credit_hold_id IS NOT NULL)", name=op.f('ck_ledger_transfer_credit_hold_named')),
    sa.ForeignKeyConstraint(['account_id', 'grant_id'], ['credit_grant.account_id', 'credit_grant.id'], name=op.f('fk_ledger_transfer_account_id_grant_id_credit_grant')),
    sa.ForeignKeyConstraint(['account_id', 'service_usage_id'], ['service_usage.account_id', 'service_usage.id'], name=op.f('fk_ledger_transfer_account_id_service_usage_id_service_usage')),
    sa.ForeignKeyConstraint(['account_id', 'debit_hold_id'], ['credit_hold.account_id', 'credit_hold.id'], name='fk_ledger_transfer_debit_hold'),
    sa.ForeignKeyConstraint(['account_id', 'credit_hold_id'], ['credit_hold.account_id', 'credit_hold.id'], name='fk_ledger_transfer_credit_hold'),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_ledger_transfer_account_id_account')),
    sa.PrimaryKeyConstraint('account_id', 'id', name=op.f('pk_ledger_transfer')),
    sa.UniqueConstraint('account_id', 'sequence', name='uq_ledger_transfer_sequence'),
    sqlite_strict=True
    )
    columns = (
        'account_id, id, sequence, debit_book, credit_book, amount, grant_id, debit_hold_id, credit_hold_id, '
        'service_usage_id, posted_at, hash'
    )
    op.execute(f'INSERT INTO new_ledger_transfer ({columns}) SELECT {columns} FROM ledger_transfer')
    op.drop_table('ledger_transfer')
    op.rename_table('new_ledger_transfer', 'ledger_transfer')
    make_append_only()


def make_append_only() -> None:
    """The triggers went with the old table; INSERT OR REPLACE deletes rows without asking the one for deletions."""
    refuse = "BEGIN SELECT RAISE(ABORT, 'ledger_transfer is append-only'); END"
    for event in ('UPDATE', 'DELETE'):
        op.execute(f'CREATE TRIGGER ledger_transfer_refuse_{event.lower()} BEFORE {event} ON ledger_transfer {refuse}')
    op.execute(
        'CREATE TRIGGER ledger_transfer_refuse_replace BEFORE INSERT ON ledger_transfer '
        'WHEN EXISTS (SELECT 1 FROM ledger_transfer AS old '
        'WHERE old.account_id = NEW.account_id AND old.id = NEW.id '
        f'OR old.account_id = NEW.account_id AND old.sequence = NEW.sequence) {refuse}'
    )
