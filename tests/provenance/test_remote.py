from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from expkit.provenance.remote import public_url


@pytest.mark.parametrize(
    ("url", "public"),
    [
        ("https://example.org/team/project.git", "https://example.org/team/project.git"),
        ("https://token@example.org/x.git", "https://example.org/x.git"),
        ("https://user:pass@example.org:8443/x.git?key=1#part", "https://example.org:8443/x.git"),
        ("https://user:p%40ss@example.org/x.git", "https://example.org/x.git"),
        ("https://user:p@ss@example.org/x.git", "https://example.org/x.git"),
        ("https://user:pass@[2001:db8::1]:22/x.git", "https://[2001:db8::1]:22/x.git"),
        ("ssh://git@example.org/~user/x.git", "ssh://example.org/~user/x.git"),
        ("file:///srv/git/x.git", "file:///srv/git/x.git"),
        ("git@example.org:team/x.git", "example.org:team/x.git"),
        ("user:pass@example.org:team/x.git", "example.org:team/x.git"),
        ("user:pa?ss@example.org:team/x.git", "example.org:team/x.git"),
        ("example.org:team/x.git?key=1", "example.org:team/x.git"),
        ("git@[2001:db8::1]:x.git", "[2001:db8::1]:x.git"),
        ("/srv/git/x.git", "/srv/git/x.git"),
        ("../x.git", "../x.git"),
    ],
)
def test_what_is_left_of_a_url_is_public(url, public):
    """User, password, query and fragment go; the address stays."""
    assert public_url(url) == public


@pytest.mark.parametrize(
    "url",
    [
        "",
        "https://user:pa/ss@example.org/x.git",
        "https://user:123/45@example.org/x.git",
        "https://user:p?ss@example.org/x.git",
        "https://user:p#ss@example.org/x.git",
        "https://user:pass",
        "ext::sh -c 'program secret'",
        "helper::https://user:pass@example.org/x.git",
        "https://example.org/x\nsecond line",
        "user:pa/ss@example.org:x.git",
        "\x1b[31mred",
    ],
)
def test_a_url_whose_secret_cannot_be_told_for_certain_is_dropped(url):
    """Nothing is better than half a secret."""
    assert public_url(url) is None


@given(
    secret=st.text(st.sampled_from("S/?#@:%[]."), min_size=1).map(lambda noise: f"SECRET{noise}SECRET"),
    form=st.sampled_from(["https://user:{}@example.org/x", "https://{}@example.org/x", "{}@example.org:x", "u:{}@h:x"]),
)
def test_a_secret_before_the_host_never_stays(secret, form):
    """Whatever a user name or a password is made of, no part of it is recorded."""
    assert "SECRET" not in (public_url(form.format(secret)) or "")


@given(st.text())
def test_any_text_is_answered(text):
    """Garbage is dropped or cleaned, never an error, and no `@` is left."""
    assert "@" not in (public_url(text) or "")
