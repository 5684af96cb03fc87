"""Imports: what each batch brought, so that nothing is brought in twice and a batch can be taken back."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

KINDS = ("timeoverflow", "people")
STANDING = sa.text("NOT is_undone")


def upgrade():
    op.create_table(
        "import_batch",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("bank_id", sa.Uuid(), nullable=False),
        kind("import_batch"),
        sa.Column("files", sa.JSON(), nullable=False),
        sa.Column("imported_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["bank_id"], ["bank.id"], name=op.f("fk_import_batch_bank_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_batch")),
        sa.UniqueConstraint("bank_id", "id", name=op.f("uq_import_batch_bank_id_id")),
    )
    op.create_table(
        "imported_member",
        sa.Column("bank_id", sa.Uuid(), nullable=False),
        kind("imported_member"),
        sa.Column("number", sa.String(length=120), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("batch_id", sa.Uuid(), nullable=False),
        of_batch("imported_member"),
        sa.ForeignKeyConstraint(
            ["bank_id", "member_id"],
            ["member.bank_id", "member.id"],
            name=op.f("fk_imported_member_bank_id_member_id"),
        ),
        sa.PrimaryKeyConstraint("bank_id", "kind", "number", name=op.f("pk_imported_member")),
    )
    op.create_table(
        "imported_row",
        sa.Column("transfer_id", sa.Uuid(), nullable=False),
        sa.Column("bank_id", sa.Uuid(), nullable=False),
        sa.Column("batch_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("stamp", sa.DateTime(timezone=True), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("is_undone", sa.Boolean(), nullable=False),
        of_batch("imported_row"),
        sa.ForeignKeyConstraint(
            ["bank_id", "transfer_id"],
            ["transfer.bank_id", "transfer.id"],
            name=op.f("fk_imported_row_bank_id_transfer_id"),
        ),
        sa.PrimaryKeyConstraint("transfer_id", name=op.f("pk_imported_row")),
    )
    op.create_table(
        "imported_part",
        sa.Column("scheme_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("bank_id", sa.Uuid(), nullable=False),
        sa.Column("batch_id", sa.Uuid(), nullable=False),
        of_batch("imported_part"),
        sa.ForeignKeyConstraint(
            ["scheme_id", "member_id"],
            ["scheme_membership.scheme_id", "scheme_membership.member_id"],
            name=op.f("fk_imported_part_scheme_id_member_id"),
        ),
        sa.PrimaryKeyConstraint("scheme_id", "member_id", name=op.f("pk_imported_part")),
    )
    for what in ("member", "row", "part"):
        op.create_index(f"ix_imported_{what}_batch", f"imported_{what}", ["batch_id"])
    op.create_index(
        "uq_imported_row_standing",
        "imported_row",
        ["bank_id", "key"],
        unique=True,
        sqlite_where=STANDING,
        postgresql_where=STANDING,
    )


def downgrade():
    for table in ("imported_part", "imported_row", "imported_member", "import_batch"):
        op.drop_table(table)


def kind(table):
    words = sa.Enum(*KINDS, name=op.f(f"ck_{table}_importkind"), native_enum=False, create_constraint=True, length=20)
    return sa.Column("kind", words, nullable=False)


def of_batch(table):
    return sa.ForeignKeyConstraint(
        ["bank_id", "batch_id"],
        ["import_batch.bank_id", "import_batch.id"],
        name=op.f(f"fk_{table}_bank_id_batch_id"),
    )
