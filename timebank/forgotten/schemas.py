"""What the two forms of a forgotten password take."""

from marshmallow import Schema, fields, validate

from timebank.signin.schemas import NewPasswordIn, words


class AskIn(Schema):
    sign_in_name = words("Please type the name you sign in with.", most=254)


class NewPasswordByLinkIn(NewPasswordIn):
    link = fields.String(load_default="", validate=validate.Length(max=100))
    shared_device = fields.Boolean(load_default=False)
