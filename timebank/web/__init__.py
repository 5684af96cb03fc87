"""Plumbing between Flask and the features. It knows no feature."""
