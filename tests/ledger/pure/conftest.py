"""These tests know no database, no app and nothing of the conftest above: `run.py soak mutants` runs them without it."""

from hypothesis import HealthCheck, Phase, settings

# A mutant is found or not: nothing is gained by making the example that found it smaller. And no mutant may pass for found
# because a test was slow, or because it ran in this process before.
settings.register_profile(
    "mutants",
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
