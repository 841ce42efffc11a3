"""Power cuts: everything that was acknowledged before one is on the disk, at whatever moment it
comes (hardening.md, "also through power loss").

The cuts are replayed: between any two syncs of the server there is one, with nothing of what was
not synced left, and now and then with some of it. A server that does not wait for its disk must be
caught, or these tests see nothing.
"""

import sys
from pathlib import Path

import pytest

from tests.process.power.calls import Call
from tests.process.power.disk import Disk
from tests.process.power.recording import Recording
from tests.process.power.replaying import Replay
from tests.process.starting import PASSWORD, Person, log_in, path_of, run, started
from tests.process.story import assert_sound

FORGETFUL = (sys.executable, "-m", "tests.process.forgetful")

STORE = """
import sys
from pathlib import Path
from storage.blobs import Blobs
from storage.folder import sync_folder

media = Path(sys.argv[1])
media.mkdir()
sync_folder(media.parent)
(media / "ab").mkdir()
Blobs(media).store(b"picture", f"ab{0:030x}.jpg")
"""


OPEN = """
import sys
from pathlib import Path
from storage.folder import open_folder

with open_folder(Path(sys.argv[1])):
    pass
"""


def not_of_the_database(call: Call) -> bool:
    """What a database leaves out that does not wait for its disk."""
    return not call.path.endswith((".db", ".db-wal"))


async def test_what_was_acknowledged_survives_power_cuts(tmp_path: Path):
    recording = Recording(tmp_path / "data")
    await recording.serve(60)
    replay = Replay(recording, tmp_path / "replayed")
    found = replay.run(every=3)
    print(found)
    assert found.cuts > 30
    assert found.torn > 2
    assert found.lost == 0, found
    await assert_sound(replay.folder)
    blind = Replay(recording, tmp_path / "blind").run(1_000, synced=not_of_the_database)
    assert blind.lost > 50, "this would see nothing"


async def test_a_picture_is_kept_in_a_folder_that_somebody_else_has_just_made(tmp_path: Path):
    """Another thread, or a process that was killed: its name may not be on the disk yet."""
    recording = Recording(tmp_path / "media", from_nothing=True)
    await recording.carry_out(sys.executable, "-c", STORE, str(recording.folder))
    disk = Disk(str(tmp_path))
    for call in recording.calls:
        disk.do(call)
    assert f"media/ab/ab{0:030x}.jpg" in dict(disk.left())


async def test_a_new_data_folder_and_those_above_it_are_kept(tmp_path: Path):
    recording = Recording(tmp_path / "srv", from_nothing=True)
    await recording.carry_out(sys.executable, "-c", OPEN, str(recording.folder / "photos" / "data"))
    disk = Disk(str(tmp_path))
    for call in recording.calls:
        disk.do(call)
    assert dict(disk.left()).keys() >= {"srv/photos/data/epoch", "srv/photos/data/media"}


@pytest.mark.survive
async def test_the_same_for_two_thousand_acknowledged_in_three_lives(tmp_path: Path):
    recording = Recording(tmp_path / "data", from_nothing=True)
    for acknowledged in (300, 1_200, 2_100):
        await recording.serve(acknowledged)
    replay = Replay(recording, tmp_path / "replayed")
    found = replay.run()
    print(found, len(recording.promises.all), "acknowledged")
    assert len(recording.promises.all) >= 2_000
    assert found.lost == 0, found
    assert (await run("verify", "--data", replay.folder)).code == 0
    async with started(replay.folder) as server, server.client() as client:
        login = await log_in(client, "writer0", PASSWORD)
        person = Person(client, login.json())
        for kind, *number in recording.promises.until(float("inf")):
            if kind == "post":
                post = await person.get(f"/posts/{number[0]}")
                answer = await client.get(path_of(post["media"][0]["url"]))
                assert answer.status_code == 200


@pytest.mark.survive
async def test_a_server_that_does_not_wait_for_its_disk_is_caught(tmp_path: Path):
    recording = Recording(tmp_path / "data")
    await recording.serve(300, FORGETFUL)
    found = Replay(recording, tmp_path / "replayed").run()
    print(found)
    assert found.lost > 1_000
