from __future__ import annotations

import os
import socket
import stat
from pathlib import Path

import pytest

from expkit.containers.collect import Rejected, collect

ALLOWED = {"trials.npz": 1000}
SECRET = b"a secret of the host"


@pytest.fixture
def outputs(tmp_path: Path) -> Path:
    """What a container could write to: batch 3 left what it should."""
    outputs = tmp_path / "out"
    (outputs / "3").mkdir(parents=True)
    (outputs / "3" / "trials.npz").write_bytes(b"numbers")
    return outputs


@pytest.fixture
def into(tmp_path: Path) -> Path:
    """An empty folder of the ledger's."""
    into = tmp_path / "staged"
    into.mkdir()
    return into


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """A file of the host that no container was handed."""
    secret = tmp_path / "secret"
    secret.write_bytes(SECRET)
    return secret


def rejection(outputs: Path, into: Path) -> str:
    """Why a batch is rejected; nothing of it is taken."""
    with pytest.raises(Rejected) as rejected:
        collect(outputs, "3", ALLOWED, into)
    assert list(into.iterdir()) == []
    return str(rejected.value)


def test_what_is_allowed_is_moved(outputs: Path, into: Path) -> None:
    """Its content is copied, its owner and its permissions are not: a setuid bit stays where it was."""
    (outputs / "3" / "trials.npz").chmod(0o4755)
    collect(outputs, "3", ALLOWED, into)
    (taken,) = into.iterdir()
    assert (taken.name, taken.read_bytes()) == ("trials.npz", b"numbers")
    assert not taken.stat().st_mode & (stat.S_ISUID | stat.S_IXUSR)
    assert list((outputs / "3").iterdir()) == []


def test_a_symbolic_link_is_not_followed(outputs: Path, into: Path, secret: Path) -> None:
    """Whatever it points to, the host's file is neither read nor taken."""
    file = outputs / "3" / "trials.npz"
    file.unlink()
    file.symlink_to(secret)
    secret.chmod(0o000)
    accessed = secret.stat().st_atime_ns
    assert rejection(outputs, into) == "trials.npz is a symbolic link"
    assert secret.stat().st_atime_ns == accessed


def test_a_folder_that_is_a_link_is_not_entered(outputs: Path, into: Path, secret: Path) -> None:
    """The link could lead to a folder of the host that holds a file of the expected name."""
    host = secret.parent / "host"
    host.mkdir()
    (host / "trials.npz").write_bytes(SECRET)
    (outputs / "3").rename(outputs / "elsewhere")
    (outputs / "3").symlink_to(host)
    assert rejection(outputs, into) == "its folder is a symbolic link"
    assert (host / "trials.npz").read_bytes() == SECRET


def test_a_folder_that_is_missing_or_no_folder_is_rejected(outputs: Path, into: Path) -> None:
    """It may have been taken away, or replaced by a file."""
    (outputs / "3").rename(outputs / "4")
    assert rejection(outputs, into) == "its folder is missing"
    (outputs / "3").write_bytes(b"")
    assert rejection(outputs, into) == "its folder cannot be read: Not a directory"


def test_a_named_pipe_does_not_block(outputs: Path, into: Path) -> None:
    """Nobody ever writes to it."""
    (outputs / "3" / "trials.npz").unlink()
    os.mkfifo(outputs / "3" / "trials.npz")
    assert rejection(outputs, into) == "trials.npz is a named pipe"


def test_neither_a_folder_nor_a_socket_is_a_file(outputs: Path, into: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it is instead is said."""
    file = outputs / "3" / "trials.npz"
    file.unlink()
    file.mkdir()
    assert rejection(outputs, into) == "trials.npz is a folder"
    file.rmdir()
    monkeypatch.chdir(file.parent)  # a socket's path is short
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(file.name)
    assert rejection(outputs, into) == "trials.npz is a socket"


def test_a_huge_sparse_file_is_refused_before_it_is_read(outputs: Path, into: Path) -> None:
    """It takes no space, and reading it would take all there is."""
    with (outputs / "3" / "trials.npz").open("r+b") as file:
        file.truncate(2**40)
    assert rejection(outputs, into) == "trials.npz claims 1,099,511,627,776 bytes, where at most 1,000 are taken"


def test_a_file_with_a_second_name_is_refused(outputs: Path, into: Path) -> None:
    """It could be changed by its other name, or be another file altogether."""
    os.link(outputs / "3" / "trials.npz", outputs / "3-too")
    assert rejection(outputs, into) == "trials.npz is known by other names, too (hard links)"


def test_a_missing_file_is_named(outputs: Path, into: Path) -> None:
    """A batch is whole or not at all."""
    (outputs / "3" / "trials.npz").unlink()
    assert rejection(outputs, into) == "trials.npz is missing"


def test_further_names_are_a_reason_to_reject(outputs: Path, into: Path, secret: Path) -> None:
    """They are named in a way that does nothing to a terminal, and only some of many."""
    (outputs / "3" / "..\\trials.npz\x1b[2J").write_bytes(b"")
    (outputs / "3" / "..").joinpath("record.json").symlink_to(secret)  # outside of the folder: nobody looks there
    said = rejection(outputs, into)
    assert said == "'..\\\\trials.npz\\x1b[2J' is not expected"
    for number in range(100):
        (outputs / "3" / f"{number}{'x' * 200}").write_bytes(b"")
    assert len(rejection(outputs, into)) < 600


def test_everything_wrong_is_told_at_once(outputs: Path, into: Path) -> None:
    """Whoever mends it sees all of it."""
    (outputs / "3" / "trials.npz").unlink()
    os.mkfifo(outputs / "3" / "trials.npz")
    (outputs / "3" / "core").write_bytes(b"")
    assert rejection(outputs, into) == "'core' is not expected; trials.npz is a named pipe"


def test_a_file_that_shrinks_while_it_is_read_is_rejected(
    outputs: Path, into: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its container still runs and may do that at any moment."""
    read = os.read

    def shrink(handle: int, count: int) -> bytes:
        os.truncate(outputs / "3" / "trials.npz", 3)
        return read(handle, count)

    monkeypatch.setattr(os, "read", shrink)
    assert rejection(outputs, into) == "trials.npz shrank from 7 bytes while it was read"


@pytest.mark.parametrize("name", ["", ".", "..", "../secret", "/etc"])
def test_a_folder_is_right_below(outputs: Path, into: Path, name: str) -> None:
    """Its name never comes from a container; were it ever to, it would not lead out."""
    with pytest.raises(ValueError, match="not the name of a folder"):
        collect(outputs, name, ALLOWED, into)
