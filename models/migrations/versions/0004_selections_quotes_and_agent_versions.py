"""selections, quotes, outages, replays, agent versions, and prices of an account's own"""

import sqlalchemy as sa
from alembic import op
from models import base

revision = '0004'
down_revision = '0003'


def upgrade() -> None:
    op.create_table('provider_outage',
    sa.Column('id', base.Id(), nullable=False),
    sa.Column('service_type', sa.Text(), nullable=False),
    sa.Column('provider', sa.Text(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=True),
    sa.Column('began_at', base.Instant(), nullable=False),
    sa.Column('ended_at', base.Instant(), nullable=True),
    sa.CheckConstraint('ended_at >= began_at', name=op.f('ck_provider_outage_order')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_provider_outage')),
    sqlite_strict=True
    )
    op.create_index('ix_provider_outage_provider', 'provider_outage', ['service_type', 'provider', 'began_at'], unique=False)
    op.create_index('uq_provider_outage_open', 'provider_outage', ['service_type', 'provider'], unique=True, sqlite_where=sa.text('ended_at IS NULL'), postgresql_where=sa.text('ended_at IS NULL'))
    op.create_table('replay_job',
    sa.Column('account_id', base.Id(), nullable=False),
    sa.Column('id', base.Id(), nullable=False),
    sa.Column('status', sa.Text(), nullable=False),
    sa.Column('request', sa.Text(), nullable=False),
    sa.Column('run_total', base.BigInt(), nullable=True),
    sa.Column('run_done', base.BigInt(), nullable=False),
    sa.Column('result', sa.Text(), nullable=True),
    sa.Column('error', sa.Text(), nullable=True),
    sa.Column('cancel_requested', base.Flag(), nullable=False),
    sa.Column('leased_until', base.Instant(), nullable=True),
    sa.Column('created_at', base.Instant(), nullable=False),
    sa.Column('started_at', base.Instant(), nullable=True),
    sa.Column('finished_at', base.Instant(), nullable=True),
    sa.CheckConstraint("(status = 'COMPLETED') = (result IS NOT NULL)", name=op.f('ck_replay_job_result')),
    sa.CheckConstraint("(status = 'FAILED') = (error IS NOT NULL)", name=op.f('ck_replay_job_error')),
    sa.CheckConstraint("(status IN ('QUEUED', 'RUNNING')) = (finished_at IS NULL)", name=op.f('ck_replay_job_finished')),
    sa.CheckConstraint("status IN ('QUEUED', 'RUNNING', 'COMPLETED', 'FAILED', 'CANCELLED')", name=op.f('ck_replay_job_status')),
    sa.CheckConstraint('run_total >= 0 AND run_done >= 0', name=op.f('ck_replay_job_progress')),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_replay_job_account_id_account')),
    sa.PrimaryKeyConstraint('account_id', 'id', name=op.f('pk_replay_job')),
    sqlite_strict=True
    )
    op.create_index('ix_replay_job_created', 'replay_job', ['account_id', 'created_at', 'id'], unique=False)
    op.create_index('ix_replay_job_unfinished', 'replay_job', ['account_id', 'leased_until'], unique=False, sqlite_where=sa.text('finished_at IS NULL'), postgresql_where=sa.text('finished_at IS NULL'))
    op.create_table('agent_version',
    sa.Column('account_id', base.Id(), nullable=False),
    sa.Column('agent_id', base.Id(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('business_adapter', sa.Text(), nullable=False),
    sa.Column('preset', sa.Text(), nullable=True),
    sa.Column('custom_settings', sa.Text(), nullable=False),
    sa.Column('configuration', sa.Text(), nullable=True),
    sa.Column('created_at', base.Instant(), nullable=False),
    sa.CheckConstraint('version > 0', name=op.f('ck_agent_version_version')),
    sa.ForeignKeyConstraint(['account_id', 'agent_id'], ['agent.account_id', 'agent.id'], name=op.f('fk_agent_version_account_id_agent_id_agent')),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_agent_version_account_id_account')),
    sa.PrimaryKeyConstraint('account_id', 'agent_id', 'version', name=op.f('pk_agent_version')),
    sqlite_strict=True
    )
    op.create_table('shadow_policy',
    sa.Column('account_id', base.Id(), nullable=False),
    sa.Column('id', base.Id(), nullable=False),
    sa.Column('agent_id', base.Id(), nullable=False),
    sa.Column('preset', sa.Text(), nullable=True),
    sa.Column('configuration', sa.Text(), nullable=False),
    sa.Column('set_at', base.Instant(), nullable=False),
    sa.Column('removed_at', base.Instant(), nullable=True),
    sa.ForeignKeyConstraint(['account_id', 'agent_id'], ['agent.account_id', 'agent.id'], name=op.f('fk_shadow_policy_account_id_agent_id_agent')),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_shadow_policy_account_id_account')),
    sa.PrimaryKeyConstraint('account_id', 'id', name=op.f('pk_shadow_policy')),
    sqlite_strict=True
    )
    op.create_index('ix_shadow_policy_agent', 'shadow_policy', ['account_id', 'agent_id', 'set_at', 'id'], unique=False)
    op.create_index('uq_shadow_policy_in_force', 'shadow_policy', ['account_id', 'agent_id'], unique=True, sqlite_where=sa.text('removed_at IS NULL'), postgresql_where=sa.text('removed_at IS NULL'))
    op.create_table('workflow_selection',
    sa.Column('account_id', base.Id(), nullable=False),
    sa.Column('id', base.Id(), nullable=False),
    sa.Column('workflow_id', base.Id(), nullable=False),
    sa.Column('agent_version', sa.Integer(), nullable=True),
    sa.Column('preset', sa.Text(), nullable=True),
    sa.Column('total_credits', base.Money(), nullable=False),
    sa.Column('record', sa.Text(), nullable=False),
    sa.Column('shadow_policy_id', base.Id(), nullable=True),
    sa.Column('shadow_credits', base.Money(), nullable=True),
    sa.Column('shadow_record', sa.Text(), nullable=True),
    sa.Column('shadow_refusal', sa.Text(), nullable=True),
    sa.Column('made_at', base.Instant(), nullable=False),
    sa.CheckConstraint('(shadow_policy_id IS NOT NULL) = (shadow_record IS NOT NULL OR shadow_refusal IS NOT NULL)', name=op.f('ck_workflow_selection_shadow')),
    sa.CheckConstraint('(shadow_record IS NULL) = (shadow_credits IS NULL)', name=op.f('ck_workflow_selection_shadow_priced')),
    sa.CheckConstraint('shadow_record IS NULL OR shadow_refusal IS NULL', name=op.f('ck_workflow_selection_shadow_outcome')),
    sa.CheckConstraint('total_credits >= 0 AND shadow_credits >= 0', name=op.f('ck_workflow_selection_credits')),
    sa.ForeignKeyConstraint(['account_id', 'shadow_policy_id'], ['shadow_policy.account_id', 'shadow_policy.id'], name='fk_workflow_selection_shadow_policy'),
    sa.ForeignKeyConstraint(['account_id', 'workflow_id'], ['workflow.account_id', 'workflow.id'], name=op.f('fk_workflow_selection_account_id_workflow_id_workflow')),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_workflow_selection_account_id_account')),
    sa.PrimaryKeyConstraint('account_id', 'id', name=op.f('pk_workflow_selection')),
    sqlite_strict=True
    )
    op.create_index('ix_workflow_selection_shadow', 'workflow_selection', ['account_id', 'shadow_policy_id', 'made_at', 'id'], unique=False)
    op.create_index('ix_workflow_selection_workflow', 'workflow_selection', ['account_id', 'workflow_id', 'id'], unique=False)
    op.create_table('quote',
    sa.Column('account_id', base.Id(), nullable=False),
    sa.Column('id', base.Id(), nullable=False),
    sa.Column('workflow_name', sa.Text(), nullable=True),
    sa.Column('agent_id', base.Id(), nullable=True),
    sa.Column('agent_version', sa.Integer(), nullable=True),
    sa.Column('preset', sa.Text(), nullable=True),
    sa.Column('rate_card_id', base.Id(), nullable=False),
    sa.Column('override_card_id', base.Id(), nullable=True),
    sa.Column('total_credits', base.Money(), nullable=False),
    sa.Column('selection', sa.Text(), nullable=True),
    sa.Column('created_at', base.Instant(), nullable=False),
    sa.Column('expires_at', base.Instant(), nullable=False),
    sa.Column('hold_id', base.Id(), nullable=True),
    sa.Column('workflow_id', base.Id(), nullable=True),
    sa.Column('taken_at', base.Instant(), nullable=True),
    sa.CheckConstraint('(hold_id IS NULL) = (taken_at IS NULL) AND (hold_id IS NULL) = (workflow_id IS NULL)', name=op.f('ck_quote_taken')),
    sa.CheckConstraint('total_credits >= 0', name=op.f('ck_quote_credits')),
    sa.ForeignKeyConstraint(['account_id', 'agent_id'], ['agent.account_id', 'agent.id'], name=op.f('fk_quote_account_id_agent_id_agent')),
    sa.ForeignKeyConstraint(['account_id', 'hold_id'], ['credit_hold.account_id', 'credit_hold.id'], name=op.f('fk_quote_account_id_hold_id_credit_hold')),
    sa.ForeignKeyConstraint(['account_id', 'workflow_id'], ['workflow.account_id', 'workflow.id'], name=op.f('fk_quote_account_id_workflow_id_workflow')),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_quote_account_id_account')),
    sa.ForeignKeyConstraint(['override_card_id'], ['rate_card.id'], name=op.f('fk_quote_override_card_id_rate_card')),
    sa.ForeignKeyConstraint(['rate_card_id'], ['rate_card.id'], name=op.f('fk_quote_rate_card_id_rate_card')),
    sa.PrimaryKeyConstraint('account_id', 'id', name=op.f('pk_quote')),
    sqlite_strict=True
    )
    op.create_index('ix_quote_created', 'quote', ['account_id', 'created_at', 'id'], unique=False)
    op.create_index('ix_quote_workflow', 'quote', ['account_id', 'workflow_id'], unique=False)
    op.create_table('quote_line',
    sa.Column('account_id', base.Id(), nullable=False),
    sa.Column('quote_id', base.Id(), nullable=False),
    sa.Column('line', sa.Integer(), nullable=False),
    sa.Column('service_type', sa.Text(), nullable=False),
    sa.Column('provider', sa.Text(), nullable=False),
    sa.Column('unit_type', sa.Text(), nullable=False),
    sa.Column('micro_units', base.BigInt(), nullable=False),
    sa.Column('rate_id', base.Id(), nullable=False),
    sa.Column('credits', base.Money(), nullable=False),
    sa.CheckConstraint('credits >= 0', name=op.f('ck_quote_line_credits')),
    sa.CheckConstraint('micro_units > 0', name=op.f('ck_quote_line_units')),
    sa.ForeignKeyConstraint(['account_id', 'quote_id'], ['quote.account_id', 'quote.id'], name=op.f('fk_quote_line_account_id_quote_id_quote')),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_quote_line_account_id_account')),
    sa.ForeignKeyConstraint(['rate_id'], ['rate.id'], name=op.f('fk_quote_line_rate_id_rate')),
    sa.PrimaryKeyConstraint('account_id', 'quote_id', 'line', name=op.f('pk_quote_line')),
    sqlite_strict=True
    )
    op.add_column('agent', sa.Column('version', sa.Integer(), nullable=False, server_default='1'))
    op.add_column('workflow', sa.Column('agent_version', sa.Integer(), nullable=True))
    add_reference('credit_hold', 'override_card_id', 'rate_card')
    add_reference('rate_card', 'account_id', 'account')
    op.execute(
        'INSERT INTO agent_version (account_id, agent_id, version, name, business_adapter, preset, custom_settings, created_at) '
        'SELECT account_id, id, 1, name, business_adapter, preset, custom_settings, updated_at FROM agent'
    )
    make_append_only()


# The tables whose rows never change, and what tells their rows apart.
FACTS = {
    'agent_version': ('account_id', 'agent_id', 'version'),
    'workflow_selection': ('account_id', 'id'),
    'quote_line': ('account_id', 'quote_id', 'line'),
}


def add_reference(table: str, column: str, referred: str) -> None:
    """Add a column that refers to another table; SQLite takes the reference only together with the column."""
    kind = 'BLOB' if op.get_bind().dialect.name == 'sqlite' else 'UUID'
    constraint = f'fk_{table}_{column}_{referred}'
    op.execute(f'ALTER TABLE {table} ADD COLUMN {column} {kind} CONSTRAINT {constraint} REFERENCES {referred} (id)')


def make_append_only() -> None:
    """Refuse every change of what is a fact, whoever asks for it."""
    on_sqlite = op.get_bind().dialect.name == 'sqlite'
    for table, key in FACTS.items():
        for event, name in (('UPDATE', 'update'), ('DELETE', 'delete')):
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
            same = ' AND '.join(f'old.{column} = NEW.{column}' for column in key)
            op.execute(
                f'CREATE TRIGGER {table}_refuse_replace BEFORE INSERT ON {table} '
                f'WHEN EXISTS (SELECT 1 FROM {table} AS old WHERE {same}) '
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )
        else:
            op.execute(
                f'CREATE TRIGGER {table}_refuse_truncate BEFORE TRUNCATE ON {table} '
                'FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()'
            )
