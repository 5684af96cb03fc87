"""Letting a bank's hours out: for plain-text accounting, for spreadsheets and for programs."""
