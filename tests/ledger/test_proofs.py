"""Proof slips: that one exchange stands in the sealed history, for its two sides and checked by a script of its own."""

import json
import re
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import pytest

from ledger import sealing
from ledger.errors import NotSealedYet, TransferNotFound
from tests.ledger.making import AT, live_a_little, make_transfer

SCRIPT = Path(__file__).parents[2] / "docs" / "check_a_proof.py"


class TestProof:
    def slip(self, bank, transfer_id, account, tmp_path) -> Path:
        file = tmp_path / "slip.json"
        file.write_text(json.dumps(bank.see("prove", id=transfer_id, account=account).as_data()))
        return file

    def check(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([sys.executable, "-I", SCRIPT, *arguments], capture_output=True, text=True, check=False)

    def test_the_script_says_yes_to_every_side_of_every_exchange(self, bank, tmp_path):
        settled = live_a_little(bank, times=1)
        bank.do("seal", at=AT)
        live_a_little(bank, times=1)
        bank.do("seal", at=AT)
        code = str(bank.see("head"))

        for transfer_id in settled:
            for account in (bank.ada, bank.ben):
                said = self.check(str(self.slip(bank, transfer_id, account, tmp_path)), code)
                assert (said.returncode, said.stderr) == (0, ""), said.stdout
                assert "the exchange is in the books" in said.stdout

    def test_the_script_says_no_when_anything_in_the_slip_is_changed(self, bank, tmp_path):
        transfer_id = live_a_little(bank, times=2)[0]
        bank.do("seal", at=AT)
        file = self.slip(bank, transfer_id, bank.ada, tmp_path)
        slip = json.loads(file.read_text())

        for part, name, value in (
            ("facts", "posted_minutes", "61"),
            ("facts", "settled_at", "2026-03-03 12:00:00.000000"),
            ("entry", "balance_after", "999"),
            (None, "salt", "00" * 16),
            (None, "other side", "00" * 32),
            (None, "check code", "1-" + "00" * 32),
        ):
            changed = json.loads(json.dumps(slip))
            (changed if part is None else changed[part])[name] = value
            file.write_text(json.dumps(changed))
            assert self.check(str(file)).returncode == 1, name
        for name, value in slip["blocks"][0].items():
            changed = json.loads(json.dumps(slip))
            changed["blocks"][0][name] = value + 1 if isinstance(value, int) else "10"[value[0] == "1"] + value[1:]
            file.write_text(json.dumps(changed))
            assert self.check(str(file)).returncode == 1, name

    def test_a_slip_from_before_there_were_digests_is_still_read(self, bank, tmp_path, monkeypatch):
        transfer_id = live_a_little(bank, times=1)[0]
        with monkeypatch.context() as before:
            before.setattr(sealing.chain, "digest", lambda *_: None)
            bank.do("seal", at=AT)
        file = self.slip(bank, transfer_id, bank.ada, tmp_path)
        slip = json.loads(file.read_text())
        for block in slip["blocks"]:
            assert block.pop("digest") is None
        file.write_text(json.dumps(slip))

        assert self.check(str(file), str(bank.see("head"))).returncode == 0

    def test_a_check_code_of_another_day_is_told_apart(self, bank, tmp_path):
        transfer_id = live_a_little(bank, times=1)[0]
        bank.do("seal", at=AT)

        said = self.check(str(self.slip(bank, transfer_id, bank.ada, tmp_path)), "1-" + "ab" * 32)

        assert said.returncode == 1
        assert "another one" in said.stdout

    def test_it_shows_nothing_of_the_other_side_s_balance(self, bank):
        transfer = make_transfer(bank.ada, bank.ben, 60)
        bank.do("post", transfer=make_transfer(bank.cleo, bank.ben, 717), at=AT)
        bank.do("post", transfer=transfer, at=AT)
        bank.do("seal", at=AT)

        shown = json.dumps(bank.see("prove", id=transfer.id, account=bank.ada).as_data())

        # Ben's balance after it, as a value: among the hashes the same digits stand by chance now and then.
        assert not re.search(r"""["\s:]-?777["\s,}]""", shown)
        assert re.search(r"""["\s:]60["\s,}]""", shown)
        assert json.loads(shown)["entry"]["account_id"] == bank.ada.hex

    def test_is_for_the_two_sides_only(self, bank):
        transfer_id = live_a_little(bank, times=1)[0]
        bank.do("seal", at=AT)

        for asked in ({"id": transfer_id, "account": bank.cleo}, {"id": uuid4(), "account": bank.ada}):
            with pytest.raises(TransferNotFound):
                bank.see("prove", **asked)

    def test_has_to_wait_for_the_sealer(self, bank):
        transfer_id = live_a_little(bank, times=1)[0]

        with pytest.raises(NotSealedYet):
            bank.see("prove", id=transfer_id, account=bank.ada)
