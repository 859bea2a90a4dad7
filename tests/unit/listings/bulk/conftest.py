"""A table with its archive, sent, and a worker to take it in."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from marketplace.accounts.models import SellerProfile
from marketplace.core.container import Services
from marketplace.core.unit_of_work import unit_of_work
from marketplace.listings.bulk import operations
from marketplace.listings.bulk.parts import store_parts
from marketplace.listings.bulk.table import read_table
from tests.factories.listings import PROMPT, picture_bytes
from workers.bulk import work_on

HEADER = "title,description,category,target_model,prompt,price,sample_1,sample_2,sample_3\r\n"
GOOD = (
    'Paper animals,"Layered paper scenes, one animal each.",Wallpapers,house-full,'
    f'"{PROMPT}",2.99,1.png; seed=5; subject=fox; sky=night,2.png;seed=6,3.png; seed=7\r\n'
)
Upload = Callable[..., str]


def archive(**more: bytes) -> bytes:
    """Three pictures in a folder, and what else is given; an underscore stands for a dot."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as packed:
        for number in (1, 2, 3):
            packed.writestr(f"folder/{number}.png", picture_bytes(number))
        packed.writestr("__MACOSX/folder/1.png", b"not this one")
        packed.writestr("folder/.DS_Store", b"nor this")
        for name, data in more.items():
            packed.writestr(name.replace("_", "."), data)
    return target.getvalue()


def numbered(number: int) -> str:
    """A row like GOOD with a title and a prompt of its own."""
    return GOOD.replace("Paper animals", f"Paper animals {number}").replace(
        PROMPT, f"{PROMPT}, take {number}"
    )


def send(shop: FlaskClient, services: Services, table: str, packed: bytes | None = None) -> str:
    """Send a table as a browser does, have it taken in, and return the page with its report."""
    data: dict[str, object] = {"table": (io.BytesIO(table.encode()), "table.csv")}
    if packed is not None:
        data["pictures"] = (io.BytesIO(packed), "pictures.zip")
    answer = shop.post("/sell/bulk", data=data)
    if answer.status_code != 303:
        return answer.text
    assert work_on(services, answer.location.rpartition("/")[2]) is False
    return shop.get(answer.location).text


@pytest.fixture
def upload(session: Session, services: Services, seller: SellerProfile) -> Upload:
    """Have a table with so many good rows accepted; returns the upload's id."""

    def make(rows: int = 3, table: str | None = None) -> str:
        read = read_table((table or HEADER + "".join(map(numbered, range(rows)))).encode())
        packed = archive()
        with unit_of_work(services.database) as own:
            made = operations.receive(own, seller.user_id, len(packed))
            store_parts(services.blobs, made.parts, io.BytesIO(packed))
            operations.accept(own, services, made, read)
            return made.id

    return make
