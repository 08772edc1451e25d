"""the store's secret, and buckets of points that processes share"""

import sqlalchemy as sa
from alembic import op
from models import base

revision = '0006'
down_revision = '0005'


def upgrade() -> None:
    op.create_table('store_secret',
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('secret', sa.LargeBinary(), nullable=False),
    sa.Column('made_at', base.Instant(), nullable=False),
    sa.PrimaryKeyConstraint('name', name=op.f('pk_store_secret')),
    sqlite_strict=True
    )
    op.create_table('rate_bucket',
    sa.Column('api_key_id', base.Id(), nullable=False),
    sa.Column('level', base.BigInt(), nullable=False),
    sa.Column('refilled_at', base.Instant(), nullable=False),
    sa.CheckConstraint('level >= 0', name=op.f('ck_rate_bucket_level')),
    sa.ForeignKeyConstraint(['api_key_id'], ['api_key.id'], name=op.f('fk_rate_bucket_api_key_id_api_key')),
    sa.PrimaryKeyConstraint('api_key_id', name=op.f('pk_rate_bucket')),
    sqlite_strict=True
    )
