"""What whoever looks around finds: a lead, and one concern that opens with the passphrase that is printed."""

from sqlalchemy import select

from timebank.concerns import sealing
from timebank.concerns.letters import Holder, open_all, sealed_texts
from timebank.concerns.models import Concern, Lead
from timebank.demonstration.community import PASSPHRASE


def test_the_invented_lead_opens_the_invented_concern(community):
    with community.reading() as session:
        [lead], [concern] = session.scalars(select(Lead)).all(), session.scalars(select(Concern)).all()
        holder = Holder(key_id=lead.key.id, lead_id=lead.id)

        [text] = open_all(
            sealed_texts(concern, holder), holder=holder, private=sealing.unlock(lead.key.kept, PASSPHRASE)
        )

        assert "money" in text.letter.words
        assert concern.is_unread
