"""rotation and expiry of keys, and the audit log"""

import sqlalchemy as sa
from alembic import op
from models import base

revision = '0005'
down_revision = '0004'


def upgrade() -> None:
    op.create_table('audit_entry',
    sa.Column('id', base.Id(), nullable=False),
    sa.Column('account_id', base.Id(), nullable=True),
    sa.Column('act', sa.Text(), nullable=False),
    sa.Column('subject', sa.Text(), nullable=False),
    sa.Column('details', sa.Text(), nullable=False),
    sa.Column('actor', sa.Text(), nullable=False),
    sa.Column('api_key_id', base.Id(), nullable=True),
    sa.Column('address', sa.Text(), nullable=True),
    sa.Column('request_id', sa.Text(), nullable=True),
    sa.Column('occurred_at', base.Instant(), nullable=False),
    sa.CheckConstraint("(actor IN ('API_KEY', 'OPERATOR')) = (api_key_id IS NOT NULL)", name=op.f('ck_audit_entry_actor')),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_audit_entry_account_id_account')),
    sa.ForeignKeyConstraint(['api_key_id'], ['api_key.id'], name=op.f('fk_audit_entry_api_key_id_api_key')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_audit_entry')),
    sqlite_strict=True
    )
    op.create_index('ix_audit_entry_account', 'audit_entry', ['account_id', 'occurred_at', 'id'], unique=False)
    op.create_index('ix_audit_entry_occurred', 'audit_entry', ['occurred_at', 'id'], unique=False)
    op.create_index('ix_audit_entry_subject', 'audit_entry', ['account_id', 'subject', 'occurred_at', 'id'], unique=False)
    op.create_table('old_secret',
    sa.Column('secret_hash', sa.Text(), nullable=False),
    sa.Column('api_key_id', base.Id(), nullable=False),
    sa.Column('valid_until', base.Instant(), nullable=False),
    sa.ForeignKeyConstraint(['api_key_id'], ['api_key.id'], name=op.f('fk_old_secret_api_key_id_api_key')),
    sa.PrimaryKeyConstraint('secret_hash', name=op.f('pk_old_secret')),
    sqlite_strict=True
    )
    op.create_index('ix_old_secret_api_key', 'old_secret', ['api_key_id'], unique=False)
    op.add_column('api_key', sa.Column('expires_at', base.Instant(), nullable=True))
    op.add_column('api_key', sa.Column('rotated_at', base.Instant(), nullable=True))
    op.add_column('api_key', sa.Column('old_secrets_until', base.Instant(), nullable=True))
    make_append_only()


def make_append_only() -> None:
    """Refuse every change of the audit log, whoever asks for it."""
    on_sqlite = op.get_bind().dialect.name == 'sqlite'
    for event, name in (('UPDATE', 'update'), ('DELETE', 'delete')):
        if on_sqlite:
            op.execute(
                f'CREATE TRIGGER audit_entry_refuse_{name} BEFORE {event} ON audit_entry '
                "BEGIN SELECT RAISE(ABORT, 'audit_entry is append-only'); END"
            )
        else:
            op.execute(
                f'CREATE TRIGGER audit_entry_refuse_{name} BEFORE {event} ON audit_entry '
                'FOR EACH ROW EXECUTE FUNCTION refuse_change()'
            )
    if on_sqlite:
        # INSERT OR REPLACE deletes rows without asking the trigger for deletions.
        op.execute(
            'CREATE TRIGGER audit_entry_refuse_replace BEFORE INSERT ON audit_entry '
            'WHEN EXISTS (SELECT 1 FROM audit_entry AS old WHERE old.id = NEW.id) '
            "BEGIN SELECT RAISE(ABORT, 'audit_entry is append-only'); END"
        )
    else:
        op.execute(
            'CREATE TRIGGER audit_entry_refuse_truncate BEFORE TRUNCATE ON audit_entry '
            'FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()'
        )
