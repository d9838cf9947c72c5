from __future__ import annotations

import hashlib
import os
import subprocess
from pathlib import Path

from expkit.provenance.changes import NAMED_UNTRACKED, PATCH_BYTES
from expkit.provenance.git import read_git


class TestPatch:
    def test_the_patch_restores_staged_unstaged_and_untracked_text(self, project, clone):
        """Applied to a fresh clone of the commit, the patch gives the dirty tree back, whatever the names are."""
        fresh = clone(project, "fresh")
        project.write("a.txt", "staged\n")
        project.git("add", "a.txt")
        project.write("a.txt", "staged, then edited\n")
        (project.root / "b.txt").unlink()
        written = {
            "with space.txt": "x\n",
            "new\nline.txt": "x\n",
            "größe-µ.txt": "ünï\n",
            'quote".txt': "x\n",
            "-dash.txt": "x\n",
            ":(top)magic*.txt": "x\n",
            "no-end-of-line.txt": "x",
            "empty.txt": "",
            "sub/folder/deep.txt": "a\nb\n",
        }
        for name, content in written.items():
            project.write(name, content)
        (project.root / "link").symlink_to("a.txt")

        git, patch = read_git(project.root)
        subprocess.run(["git", "apply", "-"], cwd=fresh.root, input=patch, check=True)

        assert set(git.untracked) == {*written, "link"}
        assert (fresh.root / "a.txt").read_text() == "staged, then edited\n"
        assert not (fresh.root / "b.txt").exists()
        assert {name: (fresh.root / name).read_text() for name in written} == written
        assert (fresh.root / "link").readlink() == Path("a.txt")

    def test_the_record_of_the_patch_is_of_its_bytes(self, project):
        project.write("a.txt", "edited\n")

        git, patch = read_git(project.root)

        assert patch is not None
        assert git.patch is not None
        assert git.patch.sha256 == hashlib.sha256(patch).hexdigest()
        assert (git.patch.bytes, git.patch.truncated) == (len(patch), False)

    def test_the_patch_does_not_depend_on_the_users_settings(self, project):
        project.write("a.txt", "edited\n")
        _, before = read_git(project.root)
        for key, value in {
            "color.ui": "always",
            "diff.noprefix": "true",
            "diff.mnemonicPrefix": "true",
            "diff.context": "0",
            "diff.relative": "true",
            "core.abbrev": "5",
            "diff.wsErrorHighlight": "all",
        }.items():
            project.git("config", key, value)

        assert read_git(project.root)[1] == before

    def test_a_binary_file_is_named_and_not_inlined(self, project):
        project.write("blob.bin", bytes(range(256)) * 40)

        git, patch = read_git(project.root)

        assert git.untracked == ("blob.bin",)
        assert b"Binary files /dev/null and b/blob.bin differ" in (patch or b"")
        assert len(patch or b"") < 500

    def test_a_patch_beyond_the_cap_is_cut_and_its_digest_is_of_the_whole(self, project):
        """Each file is below the cap, together they are not."""
        lines = "".join(f"{number}\n" for number in range(100_000))
        for name in ("big1.txt", "big2.txt"):
            project.write(name, lines)

        git, patch = read_git(project.root)

        assert patch is not None
        assert git.patch is not None
        assert (len(patch), git.patch.truncated) == (PATCH_BYTES, True)
        assert git.patch.bytes > PATCH_BYTES
        assert git.patch.sha256 != hashlib.sha256(patch).hexdigest()
        project.write("big2.txt", lines + "one more\n")
        again, _ = read_git(project.root)
        assert again.patch is not None
        assert again.patch.sha256 != git.patch.sha256  # a change behind the cut is still told apart

    def test_a_single_file_beyond_the_cap_is_named(self, project):
        project.write("huge.txt", "x" * 79 + "\n")
        project.write("huge.txt", ("x" * 79 + "\n") * (PATCH_BYTES // 80 + 1))

        _, patch = read_git(project.root)

        assert b"b/huge.txt differ" in (patch or b"")

    def test_a_name_that_is_no_utf8_is_shown_with_escapes(self, project):
        """Every text of a record can be written as JSON."""
        project.write(os.fsdecode(b"caf\xe9.txt"), "x\n")

        git, patch = read_git(project.root)

        assert git.untracked == ("caf\\xe9.txt",)
        assert git.model_dump_json()
        assert b"caf\\351.txt" in (patch or b"")

    def test_more_untracked_files_than_anybody_edits_are_named_by_folder(self, project):
        for number in range(NAMED_UNTRACKED + 1):
            project.write(f"data/{number}.txt", "x\n")
        project.write("a.txt", "edited\n")

        git, patch = read_git(project.root)

        assert git.untracked == ("data/",)
        assert b"+edited" in (patch or b"")
        assert b"data/" not in (patch or b"")

    def test_a_repository_of_5000_files_takes_the_same_few_commands(self, project, monkeypatch):
        """The number of git processes does not grow with the repository."""
        import expkit.provenance.repository as repository

        commands: list[tuple[str, ...]] = []
        plain = repository._git
        monkeypatch.setattr(repository, "_git", lambda *given: commands.append(given[1]) or plain(*given))
        for number in range(5000):
            project.write(f"source/{number // 100}/{number}.txt", f"{number}\n")
        project.commit()
        project.write("source/0/0.txt", "edited\n")
        for number in range(400):
            project.write(f"loose/{number}.txt", "x\n")

        git, _ = read_git(project.root)

        assert (git.modified, len(git.untracked)) == (("source/0/0.txt",), 400)
        assert len(commands) < 20
