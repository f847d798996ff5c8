"""One installation, made once; a drill that changes it takes a copy."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.drills.site import INSTALL, Site, copy_installation, run_python


def pytest_collection_modifyitems(items):
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.drill)


@pytest.fixture(scope="session")
def installation(tmp_path_factory) -> Path:
    """A migrated database with the whole catalog and an editor, and the static files."""
    folder = tmp_path_factory.mktemp("installation")
    done = run_python(folder, "-c", INSTALL)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def own_copy(installation, tmp_path) -> Path:
    return copy_installation(installation, tmp_path / "var")


@pytest.fixture(scope="module")
def site(installation, tmp_path_factory):
    """A running site; the drills that share it leave it as it was."""
    with Site(copy_installation(installation, tmp_path_factory.mktemp("var"))) as started:
        yield started
