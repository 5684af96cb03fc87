"""What people have agreed to: for what, in which words, since when; refused and taken back as easily as given."""
