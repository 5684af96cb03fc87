"""What the forms about one's own way in take."""

from marshmallow import Schema

from timebank.signin.schemas import LONGEST_PASSWORD, NewPasswordIn, PasskeyIn, words


class ChangePasswordIn(NewPasswordIn):
    old_password = words("Please type the password you have now.", most=LONGEST_PASSWORD)


class ChangeNameIn(Schema):
    sign_in_name = words("Please choose a name of at least 3 letters, or your e-mail address.", least=3, most=254)


class AddPasskeyIn(PasskeyIn):
    name = words("Please give it a short name, like “My phone”.", most=60)
