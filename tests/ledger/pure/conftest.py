"""These tests know no database, no app and nothing of the conftest above: `run.py soak mutants` runs them without it."""

from hypothesis import Phase, settings

# A mutant is found or not: nothing is gained by making the example that found it smaller.
settings.register_profile(
    "mutants", deadline=None, derandomize=True, database=None, phases=[Phase.explicit, Phase.generate]
)
