"""Looking over a whole bank: what the ledger keeps, and whether what people see agrees with it."""
