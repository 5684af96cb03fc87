"""Imports every models module, so that migrations and tests see all tables."""

import timebank.audit.models
import timebank.concerns.models
import timebank.consents.models
import timebank.contact.models
import timebank.forgotten.models
import timebank.helplines.models
import timebank.hours.models
import timebank.imports.models
import timebank.introductions.models
import timebank.matches.models
import timebank.members.models
import timebank.offers.models
import timebank.outbox.models
import timebank.profiles.models
import timebank.queries.models
import timebank.relationships.models
import timebank.schemes.models
import timebank.signin.models
import timebank.two_people.models
from timebank.db import Base

metadata = Base.metadata
