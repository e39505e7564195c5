"""The outbox: letters left in the transaction of an act, sent by the worker."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"

MINE = "subscriber_id = (SELECT nullif(current_setting('portal.subscriber', true), '')::uuid)"
# The worker says how it went; what a letter says and to whom is settled with the act.
POLICIES = (
    ("portal_subscriber", "INSERT", f"WITH CHECK ({MINE})"),
    ("portal_staff", "INSERT", "WITH CHECK (true)"),
    ("portal_staff", "SELECT", "USING (true)"),
    ("portal_worker", "SELECT", "USING (true)"),
    ("portal_worker", "UPDATE (attempts, next_try_at, sent_at, failed_at, last_error)", "USING (true)"),
)
# Staff are written to by a subscriber's act, without their list being open to the subscriber's role.
DESK_ADDRESSES = """
CREATE FUNCTION desk_addresses(wanted text) RETURNS SETOF text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT DISTINCT s.email FROM staff s WHERE wanted = ANY (s.roles) AND s.email <> ''
$$
"""


def upgrade() -> None:
    op.create_table(
        "outbox",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subscriber_id", sa.Uuid(), nullable=True),
        sa.Column("to_address", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("verb", sa.Text(), nullable=False),
        sa.Column("object_kind", sa.Text(), nullable=False),
        sa.Column("object_id", sa.Uuid(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_try_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("sent_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("failed_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.CheckConstraint("kind IN ('mail')", name=op.f("outbox_kind_check")),
        sa.CheckConstraint("num_nonnulls(sent_at, failed_at) <= 1", name=op.f("outbox_one_end_check")),
        sa.ForeignKeyConstraint(["subscriber_id"], ["subscribers.id"], name=op.f("outbox_subscriber_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("outbox_pkey")),
    )
    op.create_index(op.f("outbox_subscriber_id_idx"), "outbox", ["subscriber_id"])
    op.create_index(
        "outbox_due_idx",
        "outbox",
        ["next_try_at", "id"],
        postgresql_where=sa.text("sent_at IS NULL AND failed_at IS NULL"),
    )
    op.execute("ALTER TABLE outbox ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE outbox FORCE ROW LEVEL SECURITY")
    for role, granted, rows in POLICIES:
        command = granted.partition(" ")[0]
        name = f"{role.removeprefix('portal_')}_{command.lower()}"
        op.execute(f"GRANT {granted} ON outbox TO {role}")
        op.execute(f"CREATE POLICY {name} ON outbox FOR {command} TO {role} {rows}")
    op.execute(DESK_ADDRESSES)
    op.execute("REVOKE ALL ON FUNCTION desk_addresses(text) FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION desk_addresses(text) TO portal_subscriber, portal_staff, portal_worker")
    # To give the function away one must, for that moment, be a member of the new owner, and it may create here.
    op.execute("GRANT portal_keeper TO CURRENT_USER")
    op.execute("GRANT CREATE ON SCHEMA public TO portal_keeper")
    op.execute("ALTER FUNCTION desk_addresses(text) OWNER TO portal_keeper")
    op.execute("REVOKE CREATE ON SCHEMA public FROM portal_keeper")
    op.execute("REVOKE portal_keeper FROM CURRENT_USER")
