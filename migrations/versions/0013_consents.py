"""What people agreed to, each yes and no for good. Whether an answer is used or shown is read from there, and nowhere else.

Nobody is given a consent that they did not give. Carried over is what the boxes said that people ticked themselves: they
were empty, and their words said what for. The box of everyday answers was ticked beforehand, so no agreement is made of
it; where somebody took the tick out, that is kept. What an import had set, the charity had said, and is noted so; the
musts that it brought wait for their owner's word.
"""

import hashlib
from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

PURPOSES = ("use", "show", "figures", "mail")
DECISIONS = ("agreed", "refused", "withdrawn")
SOURCES = ("page", "file", "carried-over")
NEVER = "consents: what was said stays as it was said"
IN_ORDER = "consents: each follows the one before it"
MUSTS, SENSITIVE = "musts", ("experiences", "identities")
# As they stood on the page of before.
READ = {
    "use": "You may use this to look for somebody",
    "show": "Somebody proposed to me may see this",
    MUSTS: "My musts. Only what you could not do without. Every must makes the circle of people smaller.",
    "file": "You said so to the charity before you came here. It keeps the words you said it in.",
}

answer = sa.table(
    "answer",
    sa.column("member_id", sa.Uuid()),
    sa.column("criterion", sa.String()),
    sa.column("is_used", sa.Boolean()),
    sa.column("is_shown", sa.Boolean()),
)
member = sa.table("member", sa.column("id", sa.Uuid()), sa.column("bank_id", sa.Uuid()))
imported = sa.table("imported_member", sa.column("member_id", sa.Uuid()), sa.column("kind", sa.String()))
words = sa.table("consent_words", sa.column("digest", sa.String()), sa.column("words", sa.Text()))
consent = sa.table(
    "consent",
    sa.column("bank_id", sa.Uuid()),
    sa.column("member_id", sa.Uuid()),
    sa.column("purpose", sa.String()),
    sa.column("criterion", sa.String()),
    sa.column("seq", sa.Integer()),
    sa.column("decision", sa.String()),
    sa.column("version", sa.Integer()),
    sa.column("words_digest", sa.String()),
    sa.column("source", sa.String()),
    sa.column("said_at", sa.DateTime(timezone=True)),
)


def upgrade():
    create_tables()
    carry_over()
    op.drop_column("answer", "is_used")
    op.drop_column("answer", "is_shown")
    if op.get_context().dialect.name == "sqlite":
        statements = SQLITE_TRIGGERS
    else:
        schema = op.get_bind().scalar(sa.text("SELECT quote_ident(current_schema())"))
        statements = (*postgresql_functions(schema), *POSTGRESQL_TRIGGERS)
    for statement in statements:
        op.execute(statement)


def downgrade():
    """To the two boxes: of what was agreed to, and when, only how it stands now has a place there."""
    for name in ("is_shown", "is_used"):
        op.execute(f"ALTER TABLE answer ADD COLUMN {name} BOOLEAN NOT NULL DEFAULT false")
    put_back()
    op.drop_table("consent")
    op.drop_table("consent_words")
    if op.get_context().dialect.name != "sqlite":
        for function in ("consent_refuse", "consent_goes_with_its_person", "consent_follows"):
            op.execute(f"DROP FUNCTION {function}()")
        for name in ("is_shown", "is_used"):
            op.alter_column("answer", name, server_default=None)


def one_of(words, name):
    return sa.Enum(*words, name=op.f(f"ck_consent_{name}"), native_enum=False, create_constraint=True, length=20)


def create_tables():
    op.create_table(
        "consent_words",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_consent_words")),
    )
    op.create_table(
        "consent",
        sa.Column("bank_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("purpose", one_of(PURPOSES, "purpose"), nullable=False),
        sa.Column("criterion", sa.String(length=20), nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("decision", one_of(DECISIONS, "decision"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("words_digest", sa.String(length=64), nullable=False),
        sa.Column("source", one_of(SOURCES, "source"), nullable=False),
        sa.Column("said_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("seq >= 1", name=op.f("ck_consent_seq")),
        sa.CheckConstraint("version >= 0", name=op.f("ck_consent_version")),
        sa.CheckConstraint("(purpose IN ('use', 'show')) = (criterion <> '')", name=op.f("ck_consent_of_an_answer")),
        sa.ForeignKeyConstraint(["bank_id", "member_id"], ["member.bank_id", "member.id"], name="fk_consent_member"),
        sa.ForeignKeyConstraint(["words_digest"], ["consent_words.digest"], name=op.f("fk_consent_words_digest")),
        sa.PrimaryKeyConstraint("member_id", "purpose", "criterion", "seq", name=op.f("pk_consent")),
    )


def carry_over():
    bind, now = op.get_bind(), datetime.now(UTC)
    by_file = set(bind.scalars(sa.select(imported.c.member_id).where(imported.c.kind == "people")))
    found = bind.execute(
        sa.select(member.c.bank_id, answer).join_from(answer, member, member.c.id == answer.c.member_id)
    ).all()
    rows = [
        {
            "bank_id": one.bank_id,
            "member_id": one.member_id,
            "purpose": purpose,
            "criterion": one.criterion,
            "seq": 1,
            "decision": decision,
            "version": 0,
            "words_digest": digest(READ[read]),
            "source": "file" if read == "file" else "carried-over",
            "said_at": now,
        }
        for one in found
        for purpose, decision, read in ticked(one, is_imported=one.member_id in by_file)
    ]
    if rows:
        read = {row["words_digest"] for row in rows}
        texts = [{"digest": digest(text), "words": text} for text in sorted(set(READ.values()))]
        bind.execute(sa.insert(words), [row for row in texts if row["digest"] in read])
        bind.execute(sa.insert(consent), rows)


def ticked(one, *, is_imported):
    """What somebody said with each box of one answer: for what, how they decided, and what they had read."""
    if one.criterion == MUSTS:
        # Whoever wrote them read what they are for; of those that a file brought, nobody knows.
        return [] if is_imported else [("use", "agreed", MUSTS)]
    is_sensitive = one.criterion in SENSITIVE
    by_file = is_imported and not is_sensitive  # an import never ticked those of a sensitive answer
    said = []
    if is_sensitive and one.is_used:
        said.append(("use", "agreed", "use"))
    if not is_sensitive and not one.is_used:
        said.append(("use", "withdrawn", "file" if by_file else "use"))
    if one.is_shown:
        said.append(("show", "agreed", "file" if by_file else "show"))
    return said


def put_back():
    bind = op.get_bind()
    stands = {}
    for one in bind.execute(sa.select(consent).order_by(consent.c.seq)):
        if one.decision != "refused":
            stands[one.member_id, one.purpose, one.criterion] = one.decision == "agreed"
    for one in bind.execute(sa.select(answer.c.member_id, answer.c.criterion)).all():
        is_everyday = one.criterion not in (*SENSITIVE, MUSTS)
        boxes = {
            "is_used": one.criterion == MUSTS or stands.get((one.member_id, "use", one.criterion), is_everyday),
            "is_shown": stands.get((one.member_id, "show", one.criterion), False),
        }
        this = (answer.c.member_id == one.member_id) & (answer.c.criterion == one.criterion)
        bind.execute(sa.update(answer).where(this).values(boxes))


def digest(text):
    return hashlib.sha256(text.encode()).hexdigest()


LAST = """SELECT coalesce(max(seq), 0) FROM {schema}consent
    WHERE member_id = NEW.member_id AND purpose = NEW.purpose AND criterion = NEW.criterion"""
GONE = "SELECT 1 FROM {schema}member WHERE id = OLD.member_id AND forgotten_at IS NOT NULL"
SQLITE_TRIGGERS = (
    # INSERT OR REPLACE would delete unseen on a connection without recursive triggers; by this it comes too late.
    f"""CREATE TRIGGER consent_follows_the_last BEFORE INSERT ON consent
    WHEN NEW.seq <> ({LAST.format(schema="")}) + 1
    BEGIN SELECT RAISE(ABORT, '{IN_ORDER}'); END""",
    f"""CREATE TRIGGER consent_is_never_changed BEFORE UPDATE ON consent
    BEGIN SELECT RAISE(ABORT, '{NEVER}'); END""",
    f"""CREATE TRIGGER consent_goes_with_its_person BEFORE DELETE ON consent
    WHEN NOT EXISTS ({GONE.format(schema="")})
    BEGIN SELECT RAISE(ABORT, '{NEVER}'); END""",
    f"""CREATE TRIGGER consent_words_come_once BEFORE INSERT ON consent_words
    WHEN EXISTS (SELECT 1 FROM consent_words WHERE digest = NEW.digest AND words <> NEW.words)
    BEGIN SELECT RAISE(ABORT, '{NEVER}'); END""",
    f"""CREATE TRIGGER consent_words_are_never_changed BEFORE UPDATE ON consent_words
    BEGIN SELECT RAISE(ABORT, '{NEVER}'); END""",
    f"""CREATE TRIGGER consent_words_are_never_deleted BEFORE DELETE ON consent_words
    BEGIN SELECT RAISE(ABORT, '{NEVER}'); END""",
)


def postgresql_functions(schema):
    return (
        f"""CREATE FUNCTION consent_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    RAISE EXCEPTION USING ERRCODE = '23000', MESSAGE = '{NEVER}'; END $$""",
        f"""CREATE FUNCTION consent_follows() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF NEW.seq <> ({LAST.format(schema=f"{schema}.")}) + 1 THEN
        RAISE EXCEPTION USING ERRCODE = '23000', MESSAGE = '{IN_ORDER}';
    END IF;
    RETURN NEW; END $$""",
        f"""CREATE FUNCTION consent_goes_with_its_person() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF NOT EXISTS ({GONE.format(schema=f"{schema}.")}) THEN
        RAISE EXCEPTION USING ERRCODE = '23000', MESSAGE = '{NEVER}';
    END IF;
    RETURN OLD; END $$""",
    )


POSTGRESQL_TRIGGERS = (
    "CREATE TRIGGER consent_follows_the_last BEFORE INSERT ON consent FOR EACH ROW EXECUTE FUNCTION consent_follows()",
    "CREATE TRIGGER consent_goes_with_its_person BEFORE DELETE ON consent"
    " FOR EACH ROW EXECUTE FUNCTION consent_goes_with_its_person()",
    "CREATE TRIGGER consent_words_are_never_deleted BEFORE DELETE ON consent_words"
    " FOR EACH ROW EXECUTE FUNCTION consent_refuse()",
    *(
        f"CREATE TRIGGER {table}_is_never_{done} BEFORE {moment} ON {table}"
        f" FOR EACH {what} EXECUTE FUNCTION consent_refuse()"
        for table in ("consent", "consent_words")
        for done, moment, what in (("changed", "UPDATE", "ROW"), ("emptied", "TRUNCATE", "STATEMENT"))
    ),
)
