"""What the guards share: a world on either database, and every page that four people can reach."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from tests.demonstration.inventing import copy_of
from tests.guards.crawl import Crawl, crawl_community
from tests.guards.world import World, make_world


@pytest.fixture
def world(session: Session) -> World:
    return make_world(session, rows=3)


@pytest.fixture(scope="package")
def crawled(invented: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crawl]:
    """Every page within reach of a stranger, a member, a mentor and a coordinator, each read once."""
    database = copy_of(invented, tmp_path_factory.mktemp("crawl") / "community.db")
    yield crawl_community(database)
    database.close()
