"""Running our commands as a person would, on a SQLite database of the test's own."""

from dataclasses import dataclass

from click.testing import CliRunner, Result

from timebank.cli import main


@dataclass(frozen=True)
class Console:
    url: str
    keys: str

    def run(self, *words: object) -> Result:
        environment = {"TIMEBANK_DATABASE_URL": self.url, "TIMEBANK_KEYS": self.keys}
        result = CliRunner(env=environment).invoke(main, [str(word) for word in words])
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result
