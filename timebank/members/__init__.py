"""People and the bank they belong to. No role lives here: roles hang on schemes and relationships."""
