"""What whoever runs the bank does with its keys: change them, keep a copy, put it back."""
