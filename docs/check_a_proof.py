"""Check a proof slip by yourself: that one exchange of yours stands in your time bank's sealed books.

    python3 check_a_proof.py SLIP.json [CHECK-CODE]

It needs Python 3 and nothing else, reads two files at most, and asks nobody. What it does, so that you can do it in any
other way too:

1. Everything that was written down about the exchange is put in a row, each piece with its length before it, and hashed
   (SHA-256). Your own line in the books is hashed alike. The other person's line comes as a hash alone: it is not yours to read.
2. The three make one leaf. With the hashes of the slip's path beside it, it is joined upwards, two by two, to one root.
3. The root stands in a block, and each later block covers the one before. The last one's hash is the check code.
4. That check code is printed on statements and exports of that day. Compare it with one that you, or somebody you trust,
   kept: if they are the same, nobody has changed the exchange since. Give it as CHECK-CODE and this script compares.
"""

import hashlib
import json
import sys

FACTS, ENTRY, LEAF, NODE, BLOCK = b"\x02", b"\x03", b"\x00", b"\x01", b"\x04"
VERSION, WITH_DIGEST = b"\x01", b"\x02"


def pack(fields):
    packed = ("-," if field is None else f"{len(str(field).encode())}:{field}," for field in fields)
    return "".join(packed).encode()


def sha(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def leaf_of(slip):
    facts = sha(FACTS, VERSION, pack(slip["facts"].values()))
    line = b"" if slip["entry"] is None else pack(slip["entry"].values())  # nothing, where nothing was posted
    mine = sha(ENTRY, VERSION, bytes.fromhex(slip["salt"]), line)
    other = bytes.fromhex(slip["other side"])
    giver, receiver = (mine, other) if slip["you gave"] else (other, mine)
    return sha(LEAF, VERSION, facts, giver, receiver)


def root_of(slip):
    here = leaf_of(slip)
    for step in slip["path"]:
        beside = bytes.fromhex(step["beside"])
        here = sha(NODE, beside, here) if step["on the left"] else sha(NODE, here, beside)
    return here


def code_of(slip):
    """The check code that the slip leads to, or None where it does not hold together."""
    expected_root, previous, code = root_of(slip).hex(), None, None
    for place, block in enumerate(slip["blocks"]):
        if place == 0 and block["root"] != expected_root:
            return None
        if previous is not None and block["previous"] != previous:
            return None
        names = ["bank_id", "no", "first", "last", "root", "previous", "sealed_at"]
        version = VERSION
        if block.get("digest"):  # the first blocks had none
            names, version = [*names, "digest"], WITH_DIGEST
        previous = sha(BLOCK, version, pack(block[name] for name in names)).hex()
        code = f"{block['no']}-{previous}"
    return code


def main(arguments):
    if len(arguments) not in (1, 2):
        print(__doc__)
        return 2
    with open(arguments[0], encoding="utf-8") as file:
        slip = json.load(file)
    code = code_of(slip)
    facts = slip["facts"]
    if code is None or code != slip["check code"]:
        print("This slip does not hold together: something in it was changed.")
        return 1
    minutes = facts["posted_minutes"] or facts["minutes"]
    print(f"{facts['state']}: {minutes} minutes on {facts['happened_on']}, settled {facts['settled_at']} UTC.")
    print(f"Check code: {code}")
    if len(arguments) == 2 and arguments[1].strip() != code:
        print("The check code you gave is another one. It may be of another day: ask for a slip that ends with yours.")
        return 1
    print(
        "The slip holds together."
        if len(arguments) == 1
        else "It is the check code you gave: the exchange is in the books."
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
