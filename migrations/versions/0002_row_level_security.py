"""Roles, row-level security, and the functions that may look across it.

Whose rows a transaction sees is decided here and nowhere else: `portal.subscriber` is set from what `enter_session`
finds, a setting that is missing shows nothing, and every policy is forced: a query without its own filter is harmless.
"""

from alembic import op

revision = "0002"
down_revision = "0001"

ROLES = ("portal_subscriber", "portal_staff", "portal_signin", "portal_worker", "portal_keeper")
MINE = "subscriber_id = (SELECT nullif(current_setting('portal.subscriber', true), '')::uuid)"
ME = "person_id = (SELECT nullif(current_setting('portal.person', true), '')::uuid)"
ANY = "true"

# table: {role: {command: rows}}. What is not named here is neither granted nor visible. A command may name columns.
MATRIX: dict[str, dict[str, dict[str, str]]] = {
    "subscribers": {
        "portal_subscriber": {"SELECT": MINE.replace("subscriber_id", "id")},
        "portal_staff": {"SELECT": ANY, "INSERT": ANY, "UPDATE": ANY},
        "portal_signin": {"SELECT": ANY},
        "portal_worker": {"SELECT": ANY},
        "portal_keeper": {"SELECT": ANY},
    },
    "identity_connections": {
        "portal_staff": {"SELECT": ANY, "INSERT": ANY, "UPDATE": ANY},
        "portal_signin": {"SELECT": ANY},
        "portal_keeper": {"SELECT": ANY},
    },
    "members": {
        "portal_subscriber": {"SELECT": MINE},
        "portal_staff": {"SELECT": ANY, "INSERT": ANY},
        "portal_signin": {"SELECT": ANY},
        "portal_keeper": {"SELECT": ANY},
    },
    "staff": {
        "portal_staff": {"SELECT": ANY, "INSERT": ANY},
        "portal_signin": {"SELECT": ANY},
        "portal_keeper": {"SELECT": ANY},
    },
    "sessions": {
        "portal_signin": {"SELECT": ANY, "INSERT": ANY, "UPDATE": ANY},
        "portal_keeper": {"SELECT": ANY, "UPDATE": ANY},
    },
    "sign_in_attempts": {"portal_signin": {"SELECT": ANY, "INSERT": ANY, "DELETE": ANY}},
    "policies": {
        "portal_subscriber": {"SELECT": "published_at IS NOT NULL"},
        "portal_staff": {"SELECT": ANY, "INSERT": ANY, "UPDATE": "published_at IS NULL"},
        "portal_worker": {"SELECT": ANY},
    },
    "policy_agreements": {
        "portal_subscriber": {"SELECT": MINE, "INSERT": MINE},
        "portal_staff": {"SELECT": ANY},
    },
    "partners": {
        "portal_subscriber": {"SELECT": MINE, "INSERT": MINE, "UPDATE": MINE},
        "portal_staff": {"SELECT": ANY},
    },
    "partner_duties": {
        "portal_subscriber": {"SELECT": MINE, "INSERT": MINE},
        "portal_staff": {"SELECT": ANY},
    },
    "applications": {
        "portal_subscriber": {"SELECT": MINE, "INSERT": MINE, "UPDATE": MINE, "DELETE": f"{MINE} AND state = 'draft'"},
        # A draft is the subscriber's own affair until it is submitted.
        "portal_staff": {"SELECT": "submitted_at IS NOT NULL", "UPDATE": "submitted_at IS NOT NULL"},
    },
    "application_lines": {
        "portal_subscriber": {"SELECT": MINE, "INSERT": MINE, "UPDATE": MINE, "DELETE": MINE},
        "portal_staff": {"SELECT": "EXISTS (SELECT FROM applications a WHERE a.id = application_id)"},
    },
    "application_returns": {
        "portal_subscriber": {"SELECT": MINE},
        "portal_staff": {"SELECT": ANY, "INSERT": ANY},
    },
    "uploads": {
        "portal_subscriber": {"SELECT": MINE, "INSERT": MINE, "UPDATE": MINE, "DELETE": MINE},
    },
    "contracts": {
        "portal_subscriber": {"SELECT": MINE},
        "portal_staff": {"SELECT": ANY, "INSERT": ANY, "UPDATE": ANY},
        "portal_worker": {"SELECT": ANY},
    },
    "lines": {
        "portal_subscriber": {"SELECT": MINE},
        "portal_staff": {"SELECT": ANY, "INSERT": ANY, "UPDATE": ANY},
        "portal_worker": {"SELECT": ANY},
    },
    "line_options": {
        "portal_subscriber": {"SELECT": MINE},
        "portal_staff": {"SELECT": ANY, "INSERT": ANY, "UPDATE": ANY},
        "portal_worker": {"SELECT": ANY},
    },
    "consents": {
        "portal_subscriber": {"SELECT": MINE},
        "portal_staff": {"SELECT": ANY, "INSERT": ANY},
    },
    "price_sheets": {
        "portal_subscriber": {
            "SELECT": f"{MINE} AND shown_at IS NOT NULL",
            # Acknowledgement is evidence: given once, and nothing else of a sheet is the subscriber's to write.
            "UPDATE (acknowledged_by, acknowledged_at)": f"{MINE} AND shown_at IS NOT NULL AND acknowledged_at IS NULL",
        },
        "portal_staff": {"SELECT": ANY, "INSERT": ANY, "UPDATE": "shown_at IS NULL", "DELETE": "shown_at IS NULL"},
        "portal_worker": {"SELECT": ANY},
    },
    "price_sheet_bands": {
        "portal_subscriber": {"SELECT": f"{MINE} AND EXISTS (SELECT FROM price_sheets s WHERE s.id = sheet_id)"},
        "portal_staff": {"SELECT": ANY, "INSERT": ANY},
        "portal_worker": {"SELECT": ANY},
    },
    "price_sheet_options": {
        "portal_subscriber": {"SELECT": f"{MINE} AND EXISTS (SELECT FROM price_sheets s WHERE s.id = sheet_id)"},
        "portal_staff": {"SELECT": ANY, "INSERT": ANY},
        "portal_worker": {"SELECT": ANY},
    },
    "closings": {"portal_staff": {"SELECT": ANY, "INSERT": ANY, "UPDATE": ANY}},
    "closing_exceptions": {"portal_staff": {"SELECT": ANY, "INSERT": ANY, "UPDATE": ANY, "DELETE": ANY}},
    "invoices": {
        "portal_subscriber": {"SELECT": f"{MINE} AND issued_at IS NOT NULL"},
        "portal_staff": {"SELECT": ANY, "INSERT": ANY, "UPDATE": "issued_at IS NULL", "DELETE": "issued_at IS NULL"},
    },
    "invoice_rows": {
        "portal_subscriber": {"SELECT": f"{MINE} AND EXISTS (SELECT FROM invoices i WHERE i.id = invoice_id)"},
        "portal_staff": {"SELECT": ANY, "INSERT": ANY, "DELETE": ANY},
    },
    "events": {
        "portal_subscriber": {"SELECT": MINE, "INSERT": MINE},
        "portal_staff": {"SELECT": ANY, "INSERT": ANY},
        "portal_signin": {"INSERT": ANY},
        "portal_worker": {"INSERT": ANY},
    },
    "submissions": {
        "portal_subscriber": {"SELECT": ME, "INSERT": ME, "UPDATE": ME},
        "portal_staff": {"SELECT": ME, "INSERT": ME, "UPDATE": ME},
    },
    "number_series": {"portal_keeper": {"SELECT": ANY, "INSERT": ANY, "UPDATE": ANY}},
}

# Marks of evidence that must never change once they are there, for any role, the owner of the schema included.
IMMUTABLE = (
    """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a row of % is never changed or deleted', TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation';
END $$
    """,
    "CREATE TRIGGER events_append_only BEFORE UPDATE OR DELETE ON events FOR EACH ROW EXECUTE FUNCTION refuse_change()",
    *(
        f"CREATE TRIGGER {table}_never_emptied BEFORE TRUNCATE ON {table} EXECUTE FUNCTION refuse_change()"
        for table in ("events", "policies", "policy_agreements", "invoices", "invoice_rows")
    ),
    """
CREATE TRIGGER agreements_append_only BEFORE UPDATE OR DELETE ON policy_agreements
    FOR EACH ROW EXECUTE FUNCTION refuse_change()
    """,
    """
CREATE TRIGGER policies_immutable BEFORE UPDATE OR DELETE ON policies
    FOR EACH ROW WHEN (OLD.published_at IS NOT NULL) EXECUTE FUNCTION refuse_change()
    """,
    # A price sheet that was shown: nothing of it changes but that the subscriber says it has seen it.
    """
CREATE FUNCTION refuse_change_of_shown() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    evidence text[] := ARRAY['acknowledged_by', 'acknowledged_at'];
BEGIN
    IF TG_OP = 'DELETE' OR OLD.acknowledged_at IS NOT NULL OR to_jsonb(NEW) - evidence <> to_jsonb(OLD) - evidence THEN
        RAISE EXCEPTION 'a price sheet that was shown never changes' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$
    """,
    """
CREATE TRIGGER price_sheets_immutable BEFORE UPDATE OR DELETE ON price_sheets
    FOR EACH ROW WHEN (OLD.shown_at IS NOT NULL) EXECUTE FUNCTION refuse_change_of_shown()
    """,
    # What a sheet consists of goes only with the whole sheet: a sheet that was never shown may be discarded.
    """
CREATE FUNCTION refuse_change_of_part() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' OR EXISTS (SELECT FROM price_sheets s WHERE s.id = OLD.sheet_id) THEN
        RAISE EXCEPTION 'a row of % is never changed or deleted', TG_TABLE_NAME
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN OLD;
END $$
    """,
    """
CREATE TRIGGER price_sheet_bands_append_only BEFORE UPDATE OR DELETE ON price_sheet_bands
    FOR EACH ROW EXECUTE FUNCTION refuse_change_of_part()
    """,
    """
CREATE TRIGGER price_sheet_options_append_only BEFORE UPDATE OR DELETE ON price_sheet_options
    FOR EACH ROW EXECUTE FUNCTION refuse_change_of_part()
    """,
    """
CREATE TRIGGER invoices_immutable BEFORE UPDATE OR DELETE ON invoices
    FOR EACH ROW WHEN (OLD.issued_at IS NOT NULL) EXECUTE FUNCTION refuse_change()
    """,
    """
CREATE FUNCTION refuse_change_of_issued() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    before uuid := CASE WHEN TG_OP <> 'INSERT' THEN OLD.invoice_id END;
    after uuid := CASE WHEN TG_OP <> 'DELETE' THEN NEW.invoice_id END;
BEGIN
    IF EXISTS (SELECT FROM invoices i WHERE i.id IN (before, after) AND i.issued_at IS NOT NULL) THEN
        RAISE EXCEPTION 'the rows of an issued invoice never change' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$
    """,
    """
CREATE TRIGGER invoice_rows_immutable BEFORE INSERT OR UPDATE OR DELETE ON invoice_rows
    FOR EACH ROW EXECUTE FUNCTION refuse_change_of_issued()
    """,
)

FUNCTIONS = (
    """
CREATE FUNCTION enter_session(
    token bytea, at timestamptz,
    OUT id uuid, OUT realm text, OUT subscriber_id uuid, OUT name text, OUT email text, OUT roles text[],
    OUT authority text, OUT company text, OUT session_id uuid
) RETURNS SETOF record LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    alive sessions;
BEGIN
    SELECT * INTO alive FROM sessions s
    WHERE s.token_hash = token AND s.ended_at IS NULL AND s.ends_at > at AND s.last_seen_at > at - interval '2 hours';
    IF NOT FOUND THEN
        RETURN;
    END IF;
    -- Written at most every five minutes, so that reading pages does not write; and by one request at a time, so that
    -- none waits for a slow one of the same session.
    IF alive.last_seen_at < at - interval '5 minutes' THEN
        UPDATE sessions s SET last_seen_at = at
        WHERE s.id IN (SELECT t.id FROM sessions t WHERE t.id = alive.id FOR UPDATE SKIP LOCKED);
    END IF;
    RETURN QUERY
        SELECT m.id, 'subscriber', m.subscriber_id, m.name, m.email, m.roles, m.authority, c.name, alive.id
        FROM members m JOIN subscribers c ON c.id = m.subscriber_id WHERE m.id = alive.member_id
        UNION ALL
        SELECT s.id, 'staff', NULL, s.name, s.email, s.roles, NULL, k.label, alive.id
        FROM staff s JOIN identity_connections k ON k.id = s.connection_id WHERE s.id = alive.staff_id;
END $$
    """,
    """
CREATE FUNCTION next_serial(wanted text, on_day date) RETURNS integer
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    INSERT INTO number_series AS n (series, day, last) VALUES (wanted, on_day, 1)
    ON CONFLICT (series, day) DO UPDATE SET last = n.last + 1
    RETURNING last
$$
    """,
)


def upgrade() -> None:
    for role in ROLES:
        # Roles belong to the whole server: another database of the same server may have made them.
        op.execute(f"""
            DO $$ BEGIN CREATE ROLE {role} NOLOGIN;
            EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$
        """)
        op.execute(f"GRANT USAGE ON SCHEMA public TO {role}")
    for table, roles in MATRIX.items():
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        for role, commands in roles.items():
            op.execute(f"GRANT {', '.join(commands)} ON {table} TO {role}")
            for granted, rows in commands.items():
                command = granted.partition(" ")[0]
                clause = f"WITH CHECK ({rows})" if command == "INSERT" else f"USING ({rows})"
                if command == "UPDATE":
                    # Which rows may be changed is said of the old row; the new one must only stay the same owner's.
                    clause += f" WITH CHECK ({next((whose for whose in (MINE, ME) if whose in rows), ANY)})"
                name = f"{role.removeprefix('portal_')}_{command.lower()}"
                op.execute(f"CREATE POLICY {name} ON {table} FOR {command} TO {role} {clause}")
    for statement in (*IMMUTABLE, *FUNCTIONS):
        op.execute(statement)
    op.execute("REVOKE ALL ON FUNCTION enter_session(bytea, timestamptz), next_serial(text, date) FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION next_serial(text, date) TO portal_subscriber, portal_staff, portal_worker")
    # To give the functions away one must, for that moment, be a member of the new owner, and it may create here.
    op.execute("GRANT portal_keeper TO CURRENT_USER")
    op.execute("GRANT CREATE ON SCHEMA public TO portal_keeper")
    for function in ("enter_session(bytea, timestamptz)", "next_serial(text, date)"):
        op.execute(f"ALTER FUNCTION {function} OWNER TO portal_keeper")
    op.execute("REVOKE CREATE ON SCHEMA public FROM portal_keeper")
    op.execute("REVOKE portal_keeper FROM CURRENT_USER")
