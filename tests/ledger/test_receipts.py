from __future__ import annotations

import pytest

from expkit.errors import NotWritable
from expkit.ledger.receipts import Receipts

KEY, OTHER = "a" * 64, "b" * 64
URI = "https://user:secret@mlflow.example.org/base?token=hidden"


@pytest.fixture
def receipts(tmp_path):
    """Receipts in a folder that does not exist yet."""
    return Receipts(tmp_path / ".expkit" / "receipts")


def test_a_receipt_is_read_back_by_uri_and_key(receipts):
    """By any process, and by nothing else."""
    kept = receipts.keep("sqlite:///mlflow.db", KEY, "run1", "1")

    assert Receipts(receipts._root).get("sqlite:///mlflow.db", KEY) == kept
    assert (kept.run_id, kept.experiment_id, kept.uri) == ("run1", "1", "sqlite:///mlflow.db")
    assert receipts.get("sqlite:///mlflow.db", OTHER) is None
    assert receipts.get("sqlite:///other.db", KEY) is None


def test_a_second_receipt_replaces_the_first(receipts):
    """As after a run was published anew."""
    receipts.keep(URI, KEY, "run1", "1")
    receipts.keep(URI, KEY, "run2", "1")

    assert receipts.get(URI, KEY).run_id == "run2"


@pytest.mark.parametrize(
    "uri", [URI, "https://user:sec/secret@h/x", "https://user:secret?x@h/x", "https://user:1/secret?@h/x", "u:secret@h"]
)
def test_no_credential_is_stored(receipts, uri):
    """Neither in a file nor in its name."""
    receipts.keep(uri, KEY, "run1", "1")
    files = [path for path in receipts._root.rglob("*") if path.is_file()]

    assert files
    for path in files:
        assert "secret" not in path.read_text() + str(path.relative_to(receipts._root))
        assert "hidden" not in path.read_text()


def test_another_token_for_the_same_server_finds_the_same_receipt(receipts):
    """User and password are not part of which server it is."""
    kept = receipts.keep("https://me:old@h/x", KEY, "run1", "1")

    assert receipts.get("https://me:new@h/x", KEY) == receipts.get("https://h/x", KEY) == kept


def test_a_torn_receipt_is_no_receipt(receipts):
    """It costs a look into the tracking server, nothing else."""
    receipts.keep(URI, KEY, "run1", "1")
    (path,) = receipts._root.rglob("*.json")
    path.write_bytes(path.read_bytes()[:20])

    assert receipts.get(URI, KEY) is None


def test_a_receipt_under_another_key_is_no_receipt(receipts):
    """A file that was renamed vouches for nothing."""
    receipts.keep(URI, KEY, "run1", "1")
    (path,) = receipts._root.rglob("*.json")
    path.rename(path.with_name(f"{OTHER}.json"))

    assert receipts.get(URI, OTHER) is None


def test_only_a_digest_is_a_key(receipts):
    """A key names a file."""
    with pytest.raises(ValueError, match="no key"):
        receipts.get(URI, "../../x")


def test_a_place_that_cannot_be_written_is_named(receipts):
    """With the system's reason."""
    receipts._root.parent.write_text("in the way")

    with pytest.raises(NotWritable, match="cannot write here"):
        receipts.keep(URI, KEY, "run1", "1")
