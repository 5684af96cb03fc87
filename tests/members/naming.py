"""Names that real people could have, from many scripts, and what somebody could make of one to be taken for another."""

# ruff: noqa: RUF001 - letters that look like others are what this is for

import random
import unicodedata
from collections.abc import Iterator

from confusable_homoglyphs.confusables import confusables_data

REAL = (
    "O'Neil", "O’Neil", "Zoë", "Zoe\u0308", "Ngũgĩ wa Thiong'o", "Nguyễn Thị Minh Khai", "Cher", "Q", "Ali", "Mary Smith-Jones",
    "Seán Ó Súilleabháin", "Siân", "Łukasz Żółć", "Xochitl Ñáñez", "Björk Guðmundsdóttir", "Jeľena Š.", "Cabdiraxmaan Xasan", "Faadumo Cali",
    "عبد الرحمن", "محمد علي", "فاطمة الزهراء", "عَائِشَة", "علی رضا", "می\u200cخواهم", "نسیم", "آصف", "नमस्ते", "कृष्ण", "श्री", "क्ष्\u200dम", "লক্ষ্মী",
    "র\u200d্যাচেল", "ਗੁਰਪ੍ਰੀਤ", "દીપ્તિ", "கார்த்திக்", "ప్రియ", "ಕೃಷ್ಣ", "ന്\u200dനന്\u200d", "ශ්\u200dරී", "ธีรศักดิ์", "ណារ៉ុង", "မြွှေ့", "བསྒྲུབས", "李", "王小明", "葛\U000e0100飾",
    "山田 太郎", "김철수", "שָׁלוֹם", "בְּרֵאשִׁית", "רות", "Ольга Иванова", "Дмитрий", "Ελένη", "Հայկ", "ნინო", "አበበ", "ᏣᎳᎩ", "ޢަލީ", "Ọlá", "Ẹ̀bùn", "Tâm 2",
    "Wolfeschlegelsteinhausenbergerdorff Maria Immaculata Juliana", "X Æ A-12", "Jean-Luc d’Arc", "ʻAulani", "Müller-Lüdenscheidt", "İpek", "Işıl",
)  # fmt: skip
STAFF = (
    "Cora Lund", "Ali", "O'Neil", "Zoë Martin", "Ngũgĩ", "Imogen Hill", "Bernadette Clarke", "ANNA", "Olu 10", "Ольга Иванова", "Ελένη Παππά",
    "محمد علي", "רות כהן", "Nguyễn", "Hernán", "Moll", "Somchai", "Priscilla Rowe",
)  # fmt: skip
SYLLABLES = {
    "Latin": ("ma", "ri", "o", "Ñu", "ée", "ſi", "lü", "Ó", "'", "ng", "ĩ", "ễn", "ł", "zo"),
    "Arabic": ("مح", "مد", "ع", "لي", "ة", "نُ", "ری", "شم"),
    "Devanagari": ("कृ", "ष्ण", "रा", "मी", "क्ष्\u200d", "ता", "ह"),
    "Cyrillic": ("Ол", "ьга", "ив", "ан", "ё", "ж"),
    "Han": ("李", "王", "小", "明", "葛"),
    "Hebrew": ("שָׁ", "לוֹ", "ם", "ר", "ות"),
}
HIDDEN = (
    *"\u00ad\u034f\u115f\u1160\u17b4\u180e\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2061\u2064\u2066\u2067",
    *"\u2068\u2069\u206a\u2800\u3164\ufe0f\ufeff\uffa0\ufff9\ufffe\uffff\ue000\U000e0001\U000e0041\U000e0100\U0010ffff\x00\x01\x07\x1b\x7f\x9b",
)


def real_names(seed: int, number: int) -> Iterator[str]:
    """Those above, and others put together from the syllables of one script, of one word or several."""
    yield from REAL
    chance = random.Random(seed)
    for _ in range(number - len(REAL)):
        script = chance.choice(list(SYLLABLES))
        words = (
            "".join(chance.choices(SYLLABLES[script], k=chance.randint(1, 5))) for _ in range(chance.randint(1, 3))
        )
        yield " ".join(word for word in words if word.strip("'")) or "Ada"


def swaps(name: str) -> Iterator[str]:
    """The name with one letter in it, or every one of the same, written with another that looks like it."""
    for place, letter in enumerate(name):
        for like in likes(letter):
            yield name[:place] + like + name[place + 1 :]
            if name.count(letter) > 1:
                yield name.replace(letter, like)
    for written, like in (("rn", "m"), ("m", "rn")):
        if written in name:
            yield name.replace(written, like, 1)


def likes(letter: str) -> list[str]:
    """Single letters that look like this one; the list has some of them between direction marks."""
    found = (like["c"].replace("\u200e", "") for like in confusables_data.get(letter, []))
    return [like for like in found if len(like) == 1 and unicodedata.normalize("NFC", like) != letter and like.strip()]
