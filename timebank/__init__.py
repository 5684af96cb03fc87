"""The Timebank application. Importing this package imports nothing: `timebank.app` composes the parts."""
