"""The house: banks and members, sign-in, schemes and profiles, rounds and introductions, hours and queries, offers.

The functions stand by feature; `upgrade` calls them in the order in which every database got its tables from the beginning.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade():
    create_banks()
    create_held_sign_ins()
    create_members()
    create_schemes()
    create_answers()
    create_coordinators()
    create_hours()
    create_introductions()
    create_not_with()
    create_offers()
    create_one_time_codes()
    create_relationships()
    create_rounds()
    create_scheme_memberships()
    create_user_sign_ins()
    create_proposals()
    create_queries()
    create_replies()
    create_tellings()


def downgrade():
    drop_tellings()
    drop_replies()
    drop_queries()
    drop_proposals()
    drop_user_sign_ins()
    drop_scheme_memberships()
    drop_rounds()
    drop_relationships()
    drop_one_time_codes()
    drop_offers()
    drop_not_with()
    drop_introductions()
    drop_hours()
    drop_coordinators()
    drop_answers()
    drop_schemes()
    drop_members()
    drop_held_sign_ins()
    drop_banks()


# Members


def create_banks():
    op.create_table(
        "bank",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("nation", sa.String(length=20), nullable=False),
        sa.Column("exit_url", sa.String(length=300), nullable=False),
        sa.Column("community_account_id", sa.Uuid(), nullable=False),
        sa.Column("is_demonstration", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bank")),
        sa.UniqueConstraint("name", name=op.f("uq_bank_name")),
    )


def drop_banks():
    op.drop_table("bank")


def create_members():
    op.create_table(
        "member",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("bank_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("code", sa.String(length=12), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "active",
                "paused",
                "left",
                name=op.f("ck_member_memberstatus"),
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("joined_on", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(["bank_id", "account_id"], ["account.bank_id", "account.id"], name="fk_member_account"),
        sa.ForeignKeyConstraint(["bank_id"], ["bank.id"], name=op.f("fk_member_bank_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_member")),
        sa.UniqueConstraint("bank_id", "account_id", name=op.f("uq_member_bank_id_account_id")),
        sa.UniqueConstraint("bank_id", "code", name=op.f("uq_member_bank_id_code")),
        sa.UniqueConstraint("bank_id", "id", name=op.f("uq_member_bank_id_id")),
    )


def drop_members():
    op.drop_table("member")


def create_not_with():
    op.create_table(
        "not_with",
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("other_id", sa.Uuid(), nullable=False),
        sa.Column("said_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("member_id <> other_id", name=op.f("ck_not_with_two_people")),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_not_with_member_id")),
        sa.ForeignKeyConstraint(["other_id"], ["member.id"], name=op.f("fk_not_with_other_id")),
        sa.PrimaryKeyConstraint("member_id", "other_id", name=op.f("pk_not_with")),
    )


def drop_not_with():
    op.drop_table("not_with")


# Sign-in


def create_held_sign_ins():
    op.create_table(
        "held_sign_in",
        sa.Column("id_hash", sa.String(length=64), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id_hash", name=op.f("pk_held_sign_in")),
    )
    with op.batch_alter_table("held_sign_in", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_held_sign_in_expires_at"), ["expires_at"], unique=False)


def drop_held_sign_ins():
    with op.batch_alter_table("held_sign_in", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_held_sign_in_expires_at"))
    op.drop_table("held_sign_in")


def create_one_time_codes():
    op.create_table(
        "one_time_code",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("issued_by", sa.Uuid(), nullable=True),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["issued_by"], ["member.id"], name=op.f("fk_one_time_code_issued_by")),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_one_time_code_member_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_one_time_code")),
        sa.UniqueConstraint("code_hash", name=op.f("uq_one_time_code_code_hash")),
    )
    with op.batch_alter_table("one_time_code", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_one_time_code_member_id"), ["member_id"], unique=False)


def drop_one_time_codes():
    with op.batch_alter_table("one_time_code", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_one_time_code_member_id"))
    op.drop_table("one_time_code")


def create_user_sign_ins():
    op.create_table(
        "user_sign_in",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("sign_in_name", sa.String(length=254), nullable=False),
        sa.Column("password", sa.String(length=255), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("fs_uniquifier", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_user_sign_in_member_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user_sign_in")),
        sa.UniqueConstraint("fs_uniquifier", name=op.f("uq_user_sign_in_fs_uniquifier")),
        sa.UniqueConstraint("member_id", name=op.f("uq_user_sign_in_member_id")),
        sa.UniqueConstraint("sign_in_name", name=op.f("uq_user_sign_in_sign_in_name")),
    )


def drop_user_sign_ins():
    op.drop_table("user_sign_in")


# Schemes


def create_schemes():
    op.create_table(
        "scheme",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("bank_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("definition", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["bank_id"], ["bank.id"], name=op.f("fk_scheme_bank_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scheme")),
        sa.UniqueConstraint("bank_id", "id", name=op.f("uq_scheme_bank_id_id")),
        sa.UniqueConstraint("bank_id", "name", name=op.f("uq_scheme_bank_id_name")),
    )


def drop_schemes():
    op.drop_table("scheme")


def create_coordinators():
    op.create_table(
        "coordinator",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("bank_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("scheme_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(
            ["bank_id", "member_id"], ["member.bank_id", "member.id"], name="fk_coordinator_member"
        ),
        sa.ForeignKeyConstraint(
            ["bank_id", "scheme_id"], ["scheme.bank_id", "scheme.id"], name="fk_coordinator_scheme"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_coordinator")),
        sa.UniqueConstraint("member_id", "scheme_id", name=op.f("uq_coordinator_member_id_scheme_id")),
    )
    with op.batch_alter_table("coordinator", schema=None) as batch_op:
        batch_op.create_index(
            "uq_coordinator_bank_wide",
            ["member_id"],
            unique=True,
            sqlite_where=sa.text("scheme_id IS NULL"),
            postgresql_where=sa.text("scheme_id IS NULL"),
        )


def drop_coordinators():
    with op.batch_alter_table("coordinator", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_coordinator_bank_wide",
            sqlite_where=sa.text("scheme_id IS NULL"),
            postgresql_where=sa.text("scheme_id IS NULL"),
        )
    op.drop_table("coordinator")


def create_scheme_memberships():
    op.create_table(
        "scheme_membership",
        sa.Column("bank_id", sa.Uuid(), nullable=False),
        sa.Column("scheme_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column(
            "side",
            sa.Enum(
                "offer",
                "seek",
                "both",
                name=op.f("ck_scheme_membership_side"),
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("capacity", sa.Integer(), nullable=False),
        sa.Column("is_stepped_back", sa.Boolean(), nullable=False),
        sa.Column("waiting_since", sa.Date(), nullable=False),
        sa.Column("roles", sa.String(length=200), nullable=False),
        sa.CheckConstraint("capacity >= 0 AND capacity <= 50", name=op.f("ck_scheme_membership_capacity")),
        sa.ForeignKeyConstraint(["bank_id", "member_id"], ["member.bank_id", "member.id"], name="fk_part_member"),
        sa.ForeignKeyConstraint(["bank_id", "scheme_id"], ["scheme.bank_id", "scheme.id"], name="fk_part_scheme"),
        sa.PrimaryKeyConstraint("scheme_id", "member_id", name=op.f("pk_scheme_membership")),
    )
    with op.batch_alter_table("scheme_membership", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_scheme_membership_member_id"), ["member_id"], unique=False)


def drop_scheme_memberships():
    with op.batch_alter_table("scheme_membership", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_scheme_membership_member_id"))
    op.drop_table("scheme_membership")


# Profiles


def create_answers():
    op.create_table(
        "answer",
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("criterion", sa.String(length=20), nullable=False),
        sa.Column("words", sa.JSON(), nullable=False),
        sa.Column("is_shown", sa.Boolean(), nullable=False),
        sa.Column("is_used", sa.Boolean(), nullable=False),
        sa.Column("importance", sa.Integer(), nullable=False),
        sa.CheckConstraint("importance >= 0 AND importance <= 5", name=op.f("ck_answer_importance")),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_answer_member_id")),
        sa.PrimaryKeyConstraint("member_id", "criterion", name=op.f("pk_answer")),
    )


def drop_answers():
    op.drop_table("answer")


# Relationships


def create_relationships():
    op.create_table(
        "relationship",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("bank_id", sa.Uuid(), nullable=False),
        sa.Column("scheme_id", sa.Uuid(), nullable=True),
        sa.Column("guide_id", sa.Uuid(), nullable=False),
        sa.Column("other_id", sa.Uuid(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("guide_id <> other_id", name=op.f("ck_relationship_two_people")),
        sa.ForeignKeyConstraint(["bank_id", "guide_id"], ["member.bank_id", "member.id"], name="fk_relationship_guide"),
        sa.ForeignKeyConstraint(["bank_id", "other_id"], ["member.bank_id", "member.id"], name="fk_relationship_other"),
        sa.ForeignKeyConstraint(
            ["bank_id", "scheme_id"], ["scheme.bank_id", "scheme.id"], name="fk_relationship_scheme"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_relationship")),
    )
    with op.batch_alter_table("relationship", schema=None) as batch_op:
        batch_op.create_index("ix_relationship_guide", ["guide_id"], unique=False)
        batch_op.create_index("ix_relationship_other", ["other_id"], unique=False)
        batch_op.create_index(
            "uq_relationship_live",
            ["scheme_id", "guide_id", "other_id"],
            unique=True,
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        )


def drop_relationships():
    with op.batch_alter_table("relationship", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_relationship_live",
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        )
        batch_op.drop_index("ix_relationship_other")
        batch_op.drop_index("ix_relationship_guide")
    op.drop_table("relationship")


# Introductions


def create_introductions():
    op.create_table(
        "introduction",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("bank_id", sa.Uuid(), nullable=False),
        sa.Column("scheme_id", sa.Uuid(), nullable=False),
        sa.Column("guide_id", sa.Uuid(), nullable=False),
        sa.Column("other_id", sa.Uuid(), nullable=False),
        sa.Column("is_symmetric", sa.Boolean(), nullable=False),
        sa.Column("guide_reasons", sa.JSON(), nullable=False),
        sa.Column("other_reasons", sa.JSON(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "open",
                "accepted",
                "not-this-time",
                "lapsed",
                "withdrawn",
                name=op.f("ck_introduction_state"),
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answer_by", sa.DateTime(timezone=True), nullable=False),
        sa.Column("guide_said_yes", sa.Boolean(), nullable=True),
        sa.Column("other_said_yes", sa.Boolean(), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state <> 'accepted' OR (guide_said_yes AND other_said_yes)", name=op.f("ck_introduction_two_yeses")
        ),
        sa.CheckConstraint("guide_id <> other_id", name=op.f("ck_introduction_two_people")),
        sa.ForeignKeyConstraint(["bank_id", "guide_id"], ["member.bank_id", "member.id"], name="fk_introduction_guide"),
        sa.ForeignKeyConstraint(["bank_id", "other_id"], ["member.bank_id", "member.id"], name="fk_introduction_other"),
        sa.ForeignKeyConstraint(
            ["bank_id", "scheme_id"], ["scheme.bank_id", "scheme.id"], name="fk_introduction_scheme"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_introduction")),
    )
    with op.batch_alter_table("introduction", schema=None) as batch_op:
        batch_op.create_index("ix_introduction_guide", ["guide_id"], unique=False)
        batch_op.create_index("ix_introduction_other", ["other_id"], unique=False)
        batch_op.create_index(
            "uq_introduction_open",
            ["scheme_id", "guide_id", "other_id"],
            unique=True,
            sqlite_where=sa.text("state = 'open'"),
            postgresql_where=sa.text("state = 'open'"),
        )


def drop_introductions():
    with op.batch_alter_table("introduction", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_introduction_open", sqlite_where=sa.text("state = 'open'"), postgresql_where=sa.text("state = 'open'")
        )
        batch_op.drop_index("ix_introduction_other")
        batch_op.drop_index("ix_introduction_guide")
    op.drop_table("introduction")


# Matches


def create_rounds():
    op.create_table(
        "round",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("bank_id", sa.Uuid(), nullable=False),
        sa.Column("scheme_id", sa.Uuid(), nullable=False),
        sa.Column("run_by", sa.Uuid(), nullable=False),
        sa.Column("run_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("run_on", sa.Date(), nullable=False),
        sa.Column("seed", sa.Integer(), nullable=False),
        sa.Column("facts_digest", sa.String(length=64), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "tried", "sent", name=op.f("ck_round_roundstate"), native_enum=False, create_constraint=True, length=20
            ),
            nullable=False,
        ),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["bank_id", "run_by"], ["member.bank_id", "member.id"], name="fk_round_runner"),
        sa.ForeignKeyConstraint(["bank_id", "scheme_id"], ["scheme.bank_id", "scheme.id"], name="fk_round_scheme"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_round")),
        sa.UniqueConstraint("bank_id", "id", name=op.f("uq_round_bank_id_id")),
    )


def drop_rounds():
    op.drop_table("round")


def create_proposals():
    op.create_table(
        "left_out",
        sa.Column("round_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_left_out_member_id")),
        sa.ForeignKeyConstraint(["round_id"], ["round.id"], name=op.f("fk_left_out_round_id")),
        sa.PrimaryKeyConstraint("round_id", "member_id", name=op.f("pk_left_out")),
    )
    op.create_table(
        "proposal",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("round_id", sa.Uuid(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("guide_id", sa.Uuid(), nullable=False),
        sa.Column("other_id", sa.Uuid(), nullable=False),
        sa.Column("guide_reasons", sa.JSON(), nullable=False),
        sa.Column("other_reasons", sa.JSON(), nullable=False),
        sa.Column("staff_reasons", sa.String(length=2000), nullable=False),
        sa.Column("introduction_id", sa.Uuid(), nullable=True),
        sa.Column("set_aside_note", sa.String(length=500), nullable=True),
        sa.CheckConstraint("guide_id <> other_id", name=op.f("ck_proposal_two_people")),
        sa.ForeignKeyConstraint(["guide_id"], ["member.id"], name=op.f("fk_proposal_guide_id")),
        sa.ForeignKeyConstraint(["introduction_id"], ["introduction.id"], name=op.f("fk_proposal_introduction_id")),
        sa.ForeignKeyConstraint(["other_id"], ["member.id"], name=op.f("fk_proposal_other_id")),
        sa.ForeignKeyConstraint(["round_id"], ["round.id"], name=op.f("fk_proposal_round_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proposal")),
    )
    with op.batch_alter_table("proposal", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_proposal_round_id"), ["round_id"], unique=False)


def drop_proposals():
    with op.batch_alter_table("proposal", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_proposal_round_id"))
    op.drop_table("proposal")
    op.drop_table("left_out")


# Hours


def create_hours():
    op.create_table(
        "hour_log",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("bank_id", sa.Uuid(), nullable=False),
        sa.Column("scheme_id", sa.Uuid(), nullable=True),
        sa.Column("giver_id", sa.Uuid(), nullable=True),
        sa.Column("receiver_id", sa.Uuid(), nullable=True),
        sa.Column("logged_by", sa.Uuid(), nullable=True),
        sa.Column("logged_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("happened_on", sa.Date(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("words", sa.String(length=200), nullable=False),
        sa.Column("by_code", sa.Boolean(), nullable=False),
        sa.Column("with_leaver", sa.Boolean(), nullable=False),
        sa.Column("replaces_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint("giver_id <> receiver_id", name=op.f("ck_hour_log_two_people")),
        sa.CheckConstraint("giver_id IS NOT NULL OR receiver_id IS NOT NULL", name=op.f("ck_hour_log_a_member")),
        sa.ForeignKeyConstraint(["bank_id", "giver_id"], ["member.bank_id", "member.id"], name="fk_hour_log_giver"),
        sa.ForeignKeyConstraint(["bank_id", "id"], ["transfer.bank_id", "transfer.id"], name="fk_hour_log_transfer"),
        sa.ForeignKeyConstraint(["bank_id", "logged_by"], ["member.bank_id", "member.id"], name="fk_hour_log_logger"),
        sa.ForeignKeyConstraint(
            ["bank_id", "receiver_id"], ["member.bank_id", "member.id"], name="fk_hour_log_receiver"
        ),
        sa.ForeignKeyConstraint(["bank_id", "scheme_id"], ["scheme.bank_id", "scheme.id"], name="fk_hour_log_scheme"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hour_log")),
    )
    with op.batch_alter_table("hour_log", schema=None) as batch_op:
        batch_op.create_index("ix_hour_log_giver", ["bank_id", "giver_id"], unique=False)
        batch_op.create_index("ix_hour_log_receiver", ["bank_id", "receiver_id"], unique=False)


def drop_hours():
    with op.batch_alter_table("hour_log", schema=None) as batch_op:
        batch_op.drop_index("ix_hour_log_receiver")
        batch_op.drop_index("ix_hour_log_giver")
    op.drop_table("hour_log")


# Offers


def create_offers():
    op.create_table(
        "offer",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("bank_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("offer", "ask", name=op.f("ck_offer_kind"), native_enum=False, create_constraint=True, length=20),
            nullable=False,
        ),
        sa.Column("title", sa.String(length=100), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("posted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["bank_id", "member_id"], ["member.bank_id", "member.id"], name="fk_offer_member"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_offer")),
    )
    with op.batch_alter_table("offer", schema=None) as batch_op:
        batch_op.create_index("ix_offer_open", ["bank_id", "closed_at", "posted_at"], unique=False)


def drop_offers():
    with op.batch_alter_table("offer", schema=None) as batch_op:
        batch_op.drop_index("ix_offer_open")
    op.drop_table("offer")


def create_replies():
    op.create_table(
        "reply",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("offer_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("words", sa.String(length=500), nullable=False),
        sa.Column("replied_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("said_yes", sa.Boolean(), nullable=True),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_reply_member_id")),
        sa.ForeignKeyConstraint(["offer_id"], ["offer.id"], name=op.f("fk_reply_offer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reply")),
        sa.UniqueConstraint("offer_id", "member_id", name=op.f("uq_reply_offer_id_member_id")),
    )
    with op.batch_alter_table("reply", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_reply_member_id"), ["member_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_reply_offer_id"), ["offer_id"], unique=False)


def drop_replies():
    with op.batch_alter_table("reply", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_reply_offer_id"))
        batch_op.drop_index(batch_op.f("ix_reply_member_id"))
    op.drop_table("reply")


# Queries


def create_queries():
    op.create_table(
        "query",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("bank_id", sa.Uuid(), nullable=False),
        sa.Column("log_id", sa.Uuid(), nullable=False),
        sa.Column("opened_by", sa.Uuid(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "matter",
            sa.Enum(
                "length",
                "did-not-happen",
                "direction",
                "duplicate",
                "wrong-person",
                "was-paid",
                "not-agreed",
                name=op.f("ck_query_matter"),
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("reversal_id", sa.Uuid(), nullable=True),
        sa.Column(
            "outcome",
            sa.Enum(
                "as-logged",
                "new-length",
                "mutual",
                "void",
                "community-gift",
                name=op.f("ck_query_outcome"),
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=True,
        ),
        sa.Column("outcome_minutes", sa.Integer(), nullable=True),
        sa.Column("outcome_words", sa.Text(), nullable=False),
        sa.Column("settled_by", sa.Uuid(), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(settled_at IS NULL) = (outcome IS NULL)", name=op.f("ck_query_settled_with_outcome")),
        sa.CheckConstraint("settled_by <> opened_by", name=op.f("ck_query_not_by_the_opener")),
        sa.ForeignKeyConstraint(["bank_id", "opened_by"], ["member.bank_id", "member.id"], name="fk_query_opener"),
        sa.ForeignKeyConstraint(["bank_id", "settled_by"], ["member.bank_id", "member.id"], name="fk_query_settler"),
        sa.ForeignKeyConstraint(["log_id"], ["hour_log.id"], name=op.f("fk_query_log_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_query")),
    )
    with op.batch_alter_table("query", schema=None) as batch_op:
        batch_op.create_index("ix_query_bank", ["bank_id", "settled_at"], unique=False)
        batch_op.create_index(
            "uq_query_open",
            ["log_id"],
            unique=True,
            sqlite_where=sa.text("settled_at IS NULL"),
            postgresql_where=sa.text("settled_at IS NULL"),
        )


def drop_queries():
    with op.batch_alter_table("query", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_query_open", sqlite_where=sa.text("settled_at IS NULL"), postgresql_where=sa.text("settled_at IS NULL")
        )
        batch_op.drop_index("ix_query_bank")
    op.drop_table("query")


def create_tellings():
    op.create_table(
        "telling",
        sa.Column("query_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_telling_member_id")),
        sa.ForeignKeyConstraint(["query_id"], ["query.id"], name=op.f("fk_telling_query_id")),
        sa.PrimaryKeyConstraint("query_id", "member_id", name=op.f("pk_telling")),
    )


def drop_tellings():
    op.drop_table("telling")
