"""The schemes a bank carries, who takes part in each, and who coordinates."""
