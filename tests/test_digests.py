from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from expkit.digests import array_digest, canonical, digest, file_digest

_scalars = st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text() | st.floats(-1e300, 1e300)
_values = st.recursive(
    _scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=4), inner), max_leaves=8
)


def test_canonical_bytes_are_those_of_rfc_8785() -> None:
    """Keys sorted, no space, numbers as ECMAScript writes them."""
    value = {"b": [1.0, 1e-7, -0.0, 1e21], "a": {"é": "\n", "": None}, "c": True}
    assert canonical(value) == '{"a":{"":null,"é":"\\n"},"b":[1,1e-7,0,1e+21],"c":true}'.encode()


def test_a_digest_is_the_sha256_of_the_canonical_bytes() -> None:
    """Anybody can recompute it without expkit."""
    assert digest({"a": 1}) == hashlib.sha256(b'{"a":1}').hexdigest()


@given(st.dictionaries(st.text(max_size=4), _scalars))
def test_the_order_of_keys_and_the_way_a_number_is_written_do_not_matter(value: dict[str, object]) -> None:
    """1 and 1.0 are one number, as they are in JSON; a tuple is a list."""
    turned = dict(reversed(value.items()))
    assert digest(turned) == digest(value)
    assert digest([1, (2, 3)]) == digest((1.0, [2.0, 3]))


@given(_values)
def test_canonical_bytes_say_the_value_itself(value: object) -> None:
    """Nothing is lost but the difference between 1 and 1.0, and the sign of a zero."""
    assert json.loads(canonical(value), parse_int=float) == value


@given(_values, _values)
def test_two_values_share_a_digest_exactly_when_they_are_equal(one: object, other: object) -> None:
    """true is not 1, and an empty list is not an empty mapping."""
    assert (digest(one) == digest(other)) == (_typed(one) == _typed(other))


def _typed(value: object) -> object:
    """A value whose equality tells booleans from numbers."""
    if isinstance(value, bool):
        return ("bool", value)
    if isinstance(value, list):
        return [_typed(item) for item in value]
    if isinstance(value, dict):
        return {key: _typed(item) for key, item in value.items()}
    return value


@pytest.mark.parametrize(
    ("value", "error", "said"),
    [
        ({"a": [1, {"b": float("nan")}]}, ValueError, "$.a[1].b: nan has no JSON form"),
        ([float("-inf")], ValueError, "$[0]: -inf has no JSON form"),
        (2**53, ValueError, "$: 9007199254740992 is beyond 2**53 - 1"),
        ({"a": -(2**53)}, ValueError, "$.a: -9007199254740992 is beyond"),
        ({1: "a"}, TypeError, "$: the key 1 is int, not a string"),
        ({"a": {1, 2}}, TypeError, "$.a: set has no stable bytes"),
        ((Path("x"),), TypeError, "$[0]: "),
        ([np.int64(3)], TypeError, "$[0]: int64 has no stable bytes; convert it to plain JSON values first"),
        (np.zeros(2), TypeError, "$: ndarray has no stable bytes"),
    ],
)
def test_what_has_no_stable_bytes_is_refused_with_its_place(value: object, error: type[Exception], said: str) -> None:
    """A digest never depends on how Python happens to print a thing."""
    with pytest.raises(error) as caught:
        canonical(value)
    assert str(caught.value).startswith(said)


@pytest.mark.parametrize("value", [{"a": ["\ud800"]}, {"a": {"\udfff": 1}}])
def test_half_a_surrogate_pair_is_refused_with_its_place(value: object) -> None:
    """Such text has no UTF-8 bytes, as a value or as a key."""
    with pytest.raises(ValueError, match=r"^\$\.a.*half a surrogate pair"):
        canonical(value)


def test_an_array_is_its_numbers_whatever_their_layout_in_memory() -> None:
    """Byte order, strides and C or Fortran order are storage, not content."""
    array = np.arange(12, dtype=np.float64).reshape(3, 4)
    wide = np.zeros((3, 8))
    wide[:, ::2] = array
    same = [np.asfortranarray(array), array.astype(">f8"), wide[:, ::2], array.copy()]
    assert {array_digest(one) for one in same} == {array_digest(array)}


def test_arrays_that_differ_in_type_shape_or_a_bit_have_different_digests() -> None:
    """The sign of a zero is a bit, too."""
    array = np.zeros((3, 4))
    negative = array.copy()
    negative[2, 3] = -0.0
    others = [array.reshape(4, 3), array.reshape(12), array.astype(np.float32), array.astype(np.int64), negative]
    assert len({array_digest(one) for one in [array, *others]}) == 6


def test_the_digest_of_an_array_is_fixed() -> None:
    """A golden value: the ledger holds such digests for good."""
    head = b"<i8[2]"
    golden = hashlib.sha256(head + (1).to_bytes(8, "little") + (2).to_bytes(8, "little")).hexdigest()
    assert array_digest(np.array([1, 2], dtype=np.int64)) == golden


def test_an_array_of_objects_is_refused() -> None:
    """Its bytes are addresses."""
    with pytest.raises(TypeError, match="no stable bytes"):
        array_digest(np.array([{}, {}], dtype=object))


def test_a_file_is_its_bytes(tmp_path: Path) -> None:
    """The same number that `sha256sum` prints."""
    file = tmp_path / "a"
    file.write_bytes(b"\x00\xff\n")
    assert file_digest(file) == hashlib.sha256(b"\x00\xff\n").hexdigest()
