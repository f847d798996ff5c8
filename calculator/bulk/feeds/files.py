"""The files of dstack's gpuhunt catalog, as its own client finds them.

Each provider has a folder with a file “version” and a folder of that name with catalog.zip in it:
dstackai/gpuhunt, src/gpuhunt/_internal/catalog.py (MPL 2.0).
"""

from __future__ import annotations

import io
import zipfile

from calculator.bulk.feeds.fetching import Unfetchable, fetch
from calculator.bulk.reading.files import decoded, read_csv
from calculator.bulk.reading.grid import Grid

LARGEST_BYTES = 20_000_000
LARGEST_UNPACKED_BYTES = 40_000_000


def fetch_catalog(address: str) -> Grid:
    """The newest file of a provider's folder, or the file itself where the address is one.

    Raises:
        Unfetchable: in words, where it cannot be had or unpacked.
        Unreadable: what came is no table.
    """
    if not address.endswith((".csv", ".zip")):
        folder = address.rstrip("/")
        version = fetch(f"{folder}/version", most_bytes=100).decode("ascii", "replace").strip()
        if not version.replace("-", "").replace(".", "").isalnum():
            raise Unfetchable(f"{folder}/version does not name a version.")
        address = f"{folder}/{version}/catalog.zip"
    content = fetch(address, most_bytes=LARGEST_BYTES)
    if content.startswith(b"PK"):
        content = _unpacked(content)
    return read_csv(decoded(content), ",", most_rows=200_000)


def _unpacked(content: bytes) -> bytes:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            files = [each for each in archive.infolist() if each.filename.endswith(".csv")]
            if len(files) != 1:
                raise Unfetchable(f"The archive holds {len(files)} CSV files, not one.")
            if files[0].file_size > LARGEST_UNPACKED_BYTES:
                raise Unfetchable("The archive is too large once it is unpacked.")
            with archive.open(files[0]) as file:
                return file.read(LARGEST_UNPACKED_BYTES)
    except zipfile.BadZipFile as error:
        raise Unfetchable("The archive is broken.") from error
