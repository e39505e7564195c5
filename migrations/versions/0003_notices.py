"""解約申込書: notices and the options they stop; what has arrived stays as it arrived"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"

MINE = "subscriber_id = (SELECT nullif(current_setting('portal.subscriber', true), '')::uuid)"
ANY = "true"
# What a subscriber gives has just arrived: nobody at the desk has looked at it.
ARRIVED = f"{MINE} AND received_by = 'web' AND acknowledged_at IS NULL AND void_prepared_at IS NULL"
DESK = (
    "acknowledged_by, acknowledged_at, void_prepared_by, void_prepared_at, void_code, void_reason, voided_by, voided_at"
)
MATRIX: dict[str, dict[str, dict[str, str]]] = {
    "notices": {
        "portal_subscriber": {"SELECT": MINE, "INSERT": ARRIVED},
        "portal_staff": {"SELECT": ANY, f"UPDATE ({DESK})": "voided_at IS NULL"},
        "portal_worker": {"SELECT": ANY},
    },
    "notice_options": {
        "portal_subscriber": {"SELECT": MINE, "INSERT": MINE},
        "portal_staff": {"SELECT": ANY},
        "portal_worker": {"SELECT": ANY},
    },
}

IMMUTABLE = (
    # Of a notice only what the desk does about it changes, and of that nothing that is done.
    f"""
CREATE FUNCTION refuse_change_of_notice() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    desk text[] := string_to_array('{DESK}', ', ');
BEGIN
    IF TG_OP = 'DELETE' OR OLD.voided_at IS NOT NULL OR to_jsonb(NEW) - desk <> to_jsonb(OLD) - desk
       OR (OLD.acknowledged_at IS NOT NULL
           AND (NEW.acknowledged_at, NEW.acknowledged_by) IS DISTINCT FROM (OLD.acknowledged_at, OLD.acknowledged_by))
    THEN
        RAISE EXCEPTION 'a notice that has arrived never changes' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$
    """,
    """
CREATE TRIGGER notices_immutable BEFORE UPDATE OR DELETE ON notices
    FOR EACH ROW EXECUTE FUNCTION refuse_change_of_notice()
    """,
    """
CREATE TRIGGER notice_options_append_only BEFORE UPDATE OR DELETE ON notice_options
    FOR EACH ROW EXECUTE FUNCTION refuse_change()
    """,
    *(
        f"CREATE TRIGGER {table}_never_emptied BEFORE TRUNCATE ON {table} EXECUTE FUNCTION refuse_change()"
        for table in MATRIX
    ),
)


def upgrade() -> None:
    op.create_unique_constraint(op.f("line_options_subscriber_id_id_key"), "line_options", ["subscriber_id", "id"])
    op.create_table(
        "notices",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("subscriber_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("contract_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("received_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("received_by", sa.Text(), nullable=False),
        sa.Column("requested_on", sa.Date(), nullable=True),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("given_by", sa.Uuid(), nullable=True),
        sa.Column("authority", sa.Text(), nullable=True),
        sa.Column("remarks", sa.Text(), nullable=True),
        sa.Column("corrects_id", sa.Uuid(), nullable=True),
        sa.Column("acknowledged_by", sa.Uuid(), nullable=True),
        sa.Column("acknowledged_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("void_prepared_by", sa.Uuid(), nullable=True),
        sa.Column("void_prepared_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("void_code", sa.Text(), nullable=True),
        sa.Column("void_reason", sa.Text(), nullable=True),
        sa.Column("voided_by", sa.Uuid(), nullable=True),
        sa.Column("voided_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint("kind IN ('contract', 'options')", name=op.f("notices_kind_check")),
        sa.CheckConstraint("received_by IN ('web', 'paper')", name=op.f("notices_received_by_check")),
        sa.CheckConstraint(
            "received_by <> 'web' OR (given_by IS NOT NULL AND authority IS NOT NULL)",
            name=op.f("notices_given_with_authority_check"),
        ),
        sa.CheckConstraint("effective_on >= requested_on", name=op.f("notices_effective_on_check")),
        sa.CheckConstraint(
            "(acknowledged_by IS NULL) = (acknowledged_at IS NULL)", name=op.f("notices_acknowledged_check")
        ),
        sa.CheckConstraint(
            "(void_prepared_at IS NULL) = (void_prepared_by IS NULL) AND (void_prepared_at IS NULL) = (void_code IS NULL)"
            " AND (void_prepared_at IS NULL) = (void_reason IS NULL)",
            name=op.f("notices_void_prepared_check"),
        ),
        sa.CheckConstraint(
            "(voided_at IS NULL) = (voided_by IS NULL) AND (voided_at IS NULL OR void_prepared_at IS NOT NULL)",
            name=op.f("notices_voided_check"),
        ),
        sa.CheckConstraint("voided_by <> void_prepared_by", name=op.f("notices_two_people_check")),
        sa.CheckConstraint("void_code IN ('no_authority', 'unknown_object')", name=op.f("notices_void_code_check")),
        sa.ForeignKeyConstraint(["subscriber_id"], ["subscribers.id"], name=op.f("notices_subscriber_id_fkey")),
        sa.ForeignKeyConstraint(["given_by"], ["members.id"], name=op.f("notices_given_by_fkey")),
        sa.ForeignKeyConstraint(["acknowledged_by"], ["staff.id"], name=op.f("notices_acknowledged_by_fkey")),
        sa.ForeignKeyConstraint(["void_prepared_by"], ["staff.id"], name=op.f("notices_void_prepared_by_fkey")),
        sa.ForeignKeyConstraint(["voided_by"], ["staff.id"], name=op.f("notices_voided_by_fkey")),
        sa.ForeignKeyConstraint(
            ["subscriber_id", "contract_id"],
            ["contracts.subscriber_id", "contracts.id"],
            name=op.f("notices_subscriber_id_contract_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["subscriber_id", "corrects_id"],
            ["notices.subscriber_id", "notices.id"],
            name=op.f("notices_subscriber_id_corrects_id_fkey"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("notices_pkey")),
        sa.UniqueConstraint("number", name=op.f("notices_number_key")),
        sa.UniqueConstraint("subscriber_id", "id", name=op.f("notices_subscriber_id_id_key")),
    )
    op.create_index(op.f("notices_subscriber_id_idx"), "notices", ["subscriber_id"], unique=False)
    op.create_index("notices_contract_idx", "notices", ["contract_id", "effective_on"], unique=False)
    op.create_index("notices_received_idx", "notices", ["received_at"], unique=False)
    op.create_table(
        "notice_options",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("subscriber_id", sa.Uuid(), nullable=False),
        sa.Column("notice_id", sa.Uuid(), nullable=False),
        sa.Column("line_option_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["subscriber_id"], ["subscribers.id"], name=op.f("notice_options_subscriber_id_fkey")),
        sa.ForeignKeyConstraint(
            ["subscriber_id", "notice_id"],
            ["notices.subscriber_id", "notices.id"],
            name=op.f("notice_options_subscriber_id_notice_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["subscriber_id", "line_option_id"],
            ["line_options.subscriber_id", "line_options.id"],
            name=op.f("notice_options_subscriber_id_line_option_id_fkey"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("notice_options_pkey")),
        sa.UniqueConstraint("notice_id", "line_option_id", name=op.f("notice_options_notice_id_line_option_id_key")),
    )
    op.create_index(op.f("notice_options_subscriber_id_idx"), "notice_options", ["subscriber_id"], unique=False)
    op.create_index("notice_options_option_idx", "notice_options", ["line_option_id"], unique=False)
    for table, roles in MATRIX.items():
        _secure(table, roles)
    for statement in IMMUTABLE:
        op.execute(statement)


def _secure(table: str, roles: dict[str, dict[str, str]]) -> None:
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    for role, commands in roles.items():
        op.execute(f"GRANT {', '.join(commands)} ON {table} TO {role}")
        for granted, rows in commands.items():
            command = granted.partition(" ")[0]
            clause = f"WITH CHECK ({rows})" if command == "INSERT" else f"USING ({rows})"
            if command == "UPDATE":
                # Which rows may be changed is said of the old row.
                clause += " WITH CHECK (true)"
            name = f"{role.removeprefix('portal_')}_{command.lower()}"
            op.execute(f"CREATE POLICY {name} ON {table} FOR {command} TO {role} {clause}")
