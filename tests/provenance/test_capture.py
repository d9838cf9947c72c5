from __future__ import annotations

import os
import platform
import subprocess
import sys
from importlib import metadata

import pytest

from expkit.provenance.capture import capture
from expkit.provenance.image import read_image
from expkit.provenance.machine import read_machine
from expkit.provenance.packages import read_packages
from expkit.records.provenance import Image, Provenance


class TestImage:
    def test_a_bare_host_has_no_image(self):
        assert read_image({}) == Image(reference=None, id=None, digest=None)

    def test_the_launcher_hands_the_image_in(self, monkeypatch):
        monkeypatch.setenv("EXPKIT_IMAGE_REFERENCE", "localhost:5000/expkit:1")
        monkeypatch.setenv("EXPKIT_IMAGE_ID", "sha256:abc")
        monkeypatch.setenv("EXPKIT_IMAGE_DIGEST", "")

        assert read_image() == Image(reference="localhost:5000/expkit:1", id="sha256:abc", digest=None)


class TestMachine:
    def test_the_machine_is_the_one_python_sees(self):
        machine = read_machine()

        assert machine.python == platform.python_version()
        assert machine.architecture == platform.machine()
        assert machine.system.startswith(platform.system())
        assert machine.cpu

    @pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="the system has no affinity masks")
    def test_only_usable_cores_count(self):
        """Under an affinity mask of one core, one core is usable."""
        code = (
            "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})\n"
            "from expkit.provenance.machine import read_machine; print(read_machine().cores)"
        )

        assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "1"


class TestPackages:
    def test_every_installed_distribution_is_named_as_importlib_names_it(self):
        """The quick reading of two fields agrees with the full parser."""
        expected: dict[str, str] = {}
        for distribution in metadata.distributions():
            expected.setdefault(distribution.name, distribution.version)

        assert read_packages() == expected

    def test_of_a_distribution_installed_twice_the_first_on_the_path_counts(self, tmp_path, monkeypatch):
        for folder, version in (("first", "1"), ("second", "2")):
            place = tmp_path / folder / f"twice-{version}.dist-info"
            place.mkdir(parents=True)
            (place / "METADATA").write_text(
                f"Metadata-Version: 2.1\r\nName: twice\r\nVersion: {version}\r\n\r\nVersion: 9\r\n"
            )
        (tmp_path / "first" / "broken.dist-info").mkdir()
        monkeypatch.setattr(sys, "path", [str(tmp_path / "first"), str(tmp_path / "second")])

        assert read_packages() == {"twice": "1"}


class TestCapture:
    def test_provenance_is_whole_and_reads_back(self, project):
        project.write("a.txt", "edited\n")

        provenance, patch = capture(project.root, executor="local", command=["expkit", "run", "rq01"])

        assert provenance.git.state == "dirty"
        assert b"+edited" in (patch or b"")
        assert (provenance.executor, provenance.command) == ("local", ("expkit", "run", "rq01"))
        assert provenance.packages["numpy"] == metadata.version("numpy")
        assert provenance.expkit == metadata.version("expkit")
        assert Provenance.model_validate_json(provenance.model_dump_json()) == provenance

    def test_a_command_line_that_is_no_utf8_can_still_be_recorded(self, tmp_path):
        provenance, patch = capture(tmp_path, executor="local", command=[os.fsdecode(b"caf\xe9")])

        assert provenance.command == ("caf\\xe9",)
        assert provenance.model_dump_json()
        assert patch is None

    def test_importing_capture_imports_no_gitpython(self):
        """`expkit check` pays for git only when it asks git something."""
        code = "import sys, expkit.provenance.capture, expkit.provenance.history; print('git' in sys.modules)"

        assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "False"
