"""What the guards share: a world on either database, and every page that five people can reach."""

import pickle
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from tests.demonstration.inventing import copy_of, made_once
from tests.guards.crawl import Crawl, crawl_community
from tests.guards.world import World, make_world


@pytest.fixture
def world(session: Session) -> World:
    return make_world(session, rows=2)


@pytest.fixture(scope="session")
def crawled(invented: Path, shared_folder: Path) -> Crawl:
    """Every page within reach of a stranger, a member, a mentor, a coordinator and a lead, each read once, for all workers."""

    def crawl(file: Path) -> None:
        database = copy_of(invented, shared_folder / "crawled.db")
        file.write_bytes(pickle.dumps(crawl_community(database)))
        database.close()

    return pickle.loads(made_once(shared_folder / "crawled.pages", crawl).read_bytes())
