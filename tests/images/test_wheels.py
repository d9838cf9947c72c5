from __future__ import annotations

import re
import zipfile
from pathlib import Path

import pytest

from expkit.errors import InvalidUsage, ServiceAbsent
from expkit.images.base import Interpreter
from expkit.images.wheels import PINS, Pin, fetch, platforms_of, read_pins

ROOT = Path(__file__).resolve().parents[2]
DEBIAN = Interpreter(python="3.11.2", implementation="cpython", abi="cp311", machine="x86_64", libc="glibc 2.36")
SUM = "--hash=sha256:" + "0" * 64
_VERSION = re.compile(r"^([\w.-]+)==([^\s;]+)", re.MULTILINE)


def python(version: str) -> Interpreter:
    """The interpreter of Debian in another version."""
    return Interpreter(**{**vars(DEBIAN), "python": version, "abi": f"cp3{version.split('.')[1]}"})


def small(root: Path = ROOT) -> tuple[Pin, ...]:
    """One small package of this project's own pins."""
    return tuple(pin for pin in read_pins(root / PINS, DEBIAN) if pin.pin.startswith("flit-core"))


@pytest.fixture
def no_index(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine without a package index."""
    for name in ("PIP_FIND_LINKS", "PIP_EXTRA_INDEX_URL", "PIP_NO_INDEX"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:1/simple")
    monkeypatch.setenv("PIP_RETRIES", "0")


class TestThePinsOfThisProject:
    def test_are_the_versions_that_the_host_has(self) -> None:
        """Numbers from an image and from the host come from the same packages."""
        host = set(_VERSION.findall((ROOT / "constraints.txt").read_text()))
        worker = _VERSION.findall((ROOT / PINS).read_text())
        assert len(worker) > 10
        assert set(worker) <= host

    def test_hold_no_tracker_no_git_and_no_engine(self) -> None:
        """What runs in an image computes; it publishes nothing and starts nothing."""
        names = {name.lower() for name, _ in _VERSION.findall((ROOT / PINS).read_text())}
        assert {"numpy", "numba", "scipy"} <= names
        assert not {name for name in names if re.search("mlflow|git|docker|requests|sqlalchemy|rich", name)}

    @pytest.mark.parametrize("version", ["3.11.2", "3.12.0", "3.13.5"])
    def test_are_one_version_of_each_package_for_every_python(self, version: str) -> None:
        """Markers are judged for the Python of the base image, not for the one that builds."""
        names = [pin.pin.partition("==")[0] for pin in read_pins(ROOT / PINS, python(version))]
        assert len(names) == len(set(names))
        assert {"numpy", "numba", "llvmlite", "scipy", "pydantic"} <= set(names)

    def test_differ_with_the_python_where_they_have_to(self) -> None:
        """The file is resolved for several."""
        versions = {
            next(pin.pin for pin in read_pins(ROOT / PINS, python(version)) if pin.pin.startswith("numpy"))
            for version in ("3.11.2", "3.12.0")
        }
        assert len(versions) == 2


class TestAPin:
    def test_is_a_version_with_its_hashes(self, tmp_path: Path) -> None:
        """Comments and line ends are for people."""
        file = tmp_path / PINS
        file.write_text(
            f"# ours\nsome-package==1.0 \\\n    {SUM} \\\n    --hash=sha256:{'1' * 64}\n    # via other\n\n"
        )
        assert read_pins(file, DEBIAN) == (Pin(pin="some-package==1.0", hashes=frozenset({"0" * 64, "1" * 64})),)

    @pytest.mark.parametrize(
        "line",
        [
            "numpy==2.0",
            f"numpy>=2.0 {SUM}",
            f"numpy {SUM}",
            "-r other.txt",
            "--index-url http://example.org",
            f"numpy==2.0 ; python_versio < '3' {SUM}",
            f"numpy @ http://example.org/numpy.whl {SUM}",
            "numpy==2.0 --hash=md5:00",
        ],
    )
    def test_that_is_none_is_refused_with_its_line(self, tmp_path: Path, line: str) -> None:
        """What is not pinned with a hash could be anything tomorrow."""
        file = tmp_path / PINS
        file.write_text(f"flit-core==3.12.0 {SUM}\n{line}\n")
        with pytest.raises(InvalidUsage, match="no package pinned") as invalid:
            read_pins(file, DEBIAN)
        assert invalid.value.where == f"{PINS}:2"


class TestPlatforms:
    def test_are_every_gnu_library_up_to_the_bases(self) -> None:
        """The newest first; a wheel for an older one fits, one for a newer one does not."""
        names = platforms_of(DEBIAN)
        assert names[0] == "manylinux_2_36_x86_64"
        assert {"manylinux_2_28_x86_64", "manylinux2014_x86_64", "manylinux1_x86_64", "linux_x86_64"} <= set(names)
        assert "manylinux_2_37_x86_64" not in names

    @pytest.mark.parametrize("strange", [{"libc": None}, {"implementation": "pypy"}, {"libc": "musl 1.2"}])
    def test_without_published_packages_are_refused(self, strange: dict[str, str | None]) -> None:
        """Such as a base image of Alpine."""
        with pytest.raises(InvalidUsage, match="no packages for the Python in the base image"):
            platforms_of(Interpreter(**{**vars(DEBIAN), **strange}))


class TestFetching:
    def test_happens_once(self, tmp_path: Path, request: pytest.FixtureRequest) -> None:
        """Afterwards the package index is not needed."""
        said: list[str] = []
        first = fetch(small(), DEBIAN, kept=tmp_path, on_line=said.append)
        assert [wheel.suffix for wheel in first] == [".whl"]
        assert said
        request.getfixturevalue("no_index")
        said.clear()
        assert fetch(small(), DEBIAN, kept=tmp_path, on_line=said.append) == first
        assert said == []

    @pytest.mark.usefixtures("no_index")
    def test_without_an_index_says_what_pip_says(self, tmp_path: Path) -> None:
        """Exit 5, and nothing half done is left."""
        with pytest.raises(ServiceAbsent, match="cannot be downloaded") as absent:
            fetch(small(), DEBIAN, kept=tmp_path, on_line=lambda _: None)
        assert "flit-core" in (absent.value.why or "")
        assert list(tmp_path.iterdir()) == []

    def test_is_repeated_where_a_file_was_damaged(self, tmp_path: Path) -> None:
        """What is kept is checked against its hash whenever it is used."""
        (wheel,) = fetch(small(), DEBIAN, kept=tmp_path, on_line=lambda _: None)
        sound = wheel.read_bytes()
        wheel.write_bytes(sound[:-1] + b"?")
        said: list[str] = []
        assert fetch(small(), DEBIAN, kept=tmp_path, on_line=said.append) == (wheel,)
        assert wheel.read_bytes() == sound
        assert said

    def test_is_apart_for_every_python(self, tmp_path: Path) -> None:
        """Wheels are kept by what they were chosen for."""
        folders = {
            wheel.parent
            for interpreter in (DEBIAN, python("3.12.0"))
            for wheel in fetch(small(), interpreter, kept=tmp_path, on_line=lambda _: None)
        }
        assert len(folders) == 2

    def test_of_nothing_asks_nobody(self, tmp_path: Path) -> None:
        """A file without pins."""
        assert fetch((), DEBIAN, kept=tmp_path / "none", on_line=lambda _: None) == ()
        assert not (tmp_path / "none").exists()

    @pytest.mark.usefixtures("no_index")
    def test_refuses_what_does_not_match_its_hash(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """An index that serves another file is not believed."""
        served = tmp_path / "served"
        served.mkdir()
        with zipfile.ZipFile(served / "flit_core-3.12.0-py3-none-any.whl", "w") as wheel:
            wheel.writestr("evil.py", "")
        monkeypatch.setenv("PIP_FIND_LINKS", str(served))
        with pytest.raises(ServiceAbsent, match="cannot be downloaded") as absent:
            fetch(small(), DEBIAN, kept=tmp_path / "kept", on_line=lambda _: None)
        assert "hash" in (absent.value.why or "").lower()
