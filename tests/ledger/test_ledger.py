from __future__ import annotations

import os
import re
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from expkit.digests import file_digest
from expkit.errors import ExecutorFailed, NotWritable
from expkit.ledger.clock import ATTEMPT_ID, new_attempt_id, now
from expkit.records.attempt import PATCH_FILE, RECORD_FILE, TRIALS_FILE, Attempt


class TestKeeping:
    def test_a_kept_attempt_is_read_back_as_it_was_kept(self, bench, reopened, key):
        """By this process and by any other, with the digest and size of every file beside the record."""
        kept = bench.run([0, 1, 2], patch=b"--- a\n")
        folder = bench.ledger._arm(key) / kept.id

        assert kept.files.keys() == {TRIALS_FILE, PATCH_FILE}
        for name, file in kept.files.items():
            assert (file.sha256, file.bytes) == (file_digest(folder / name), (folder / name).stat().st_size)
        assert bench.ledger.attempts(key) == reopened().attempts(key) == (kept,)
        assert sorted(path.name for path in folder.iterdir()) == sorted([TRIALS_FILE, PATCH_FILE, RECORD_FILE])

    def test_recorded_are_the_seeds_of_finished_attempts_under_one_root(self, bench, reopened, key):
        bench.run([0, 1])
        bench.run([4], failed=[4])
        bench.run([7], error="the worker died")
        bench.run([8], root=2)
        ledger = reopened()

        assert ledger.recorded(key, 1, "independent") == {0, 1, 4}
        assert ledger.recorded(key, 2, "independent") == {8}
        assert ledger.recorded(key, 1, "common") == frozenset()
        assert ledger.recorded("f" * 64, 1, "independent") == frozenset()
        assert [attempt.status for attempt in ledger.attempts(key)].count("failed") == 1

    def test_what_another_process_keeps_is_seen_by_the_next_question(self, bench, reopened, key):
        """Records are cached, the list of them is not."""
        ledger = reopened()
        assert ledger.recorded(key, 1, "independent") == frozenset()

        bench.run([3])

        assert ledger.recorded(key, 1, "independent") == {3}

    def test_attempts_are_found_by_the_start_of_their_id_in_any_arm(self, bench, reopened):
        first = bench.run([0])
        second = bench.run([0], key="e" * 64)

        assert reopened().find(first.id[:-4]) == (first,)
        assert reopened().find("") == tuple(sorted((first, second), key=lambda attempt: attempt.id))
        assert reopened().find("1999") == reopened().find("../") == ()

    def test_text_of_any_script_is_kept(self, bench, reopened, key):
        kept = bench.run([0], error="Größe ∞ \x1b[31m\n")

        assert reopened().attempts(key)[0].error == kept.error

    @pytest.mark.parametrize("bad", ["", "..", "../x", "A" * 64, "0" * 63, f"{'0' * 64}\n"])
    def test_only_an_arm_key_names_a_folder(self, bench, bad):
        with pytest.raises(ValueError, match="no arm key"):
            bench.ledger.attempts(bad)


class TestStaging:
    def test_an_attempt_is_made_only_while_the_arm_is_held(self, bench, key):
        """Otherwise a sweep could take it for a leftover."""
        with pytest.raises(RuntimeError, match="not held"):
            bench.ledger.stage(key)
        with bench.ledger.lock(key):
            staged = bench.ledger.stage(key)
        with pytest.raises(RuntimeError, match="not held"):
            bench.ledger.keep(bench.attempt(staged, [0]), staged)

    def test_staged_folders_have_names_of_their_own_that_sort_by_time(self, bench, key):
        with bench.ledger.lock(key):
            staged = [bench.ledger.stage(key) for _ in range(20)]

        assert len({folder.name for folder in staged}) == 20
        assert all(ATTEMPT_ID.fullmatch(folder.name) for folder in staged)
        times = [folder.name.split("-")[0] for folder in staged]
        assert times == sorted(times)

    def test_what_is_staged_does_not_count_even_with_a_record_in_it(self, bench, reopened, key):
        """A worker can write anything into its folder; only the ledger makes it count."""
        kept = bench.run([0])
        with bench.ledger.lock(key):
            staged = bench.ledger.stage(key)
            (staged / RECORD_FILE).write_bytes((bench.ledger._arm(key) / kept.id / RECORD_FILE).read_bytes())

            assert reopened().attempts(key) == (kept,)

    def test_leftovers_are_removed_when_the_arm_is_held_next(self, bench, key):
        with bench.ledger.lock(key):
            staged = bench.ledger.stage(key)
            bench.write_trials(staged, [0])
        assert staged.exists()

        with bench.ledger.lock(key):
            assert not staged.exists()

    def test_an_attempt_goes_only_into_the_folder_staged_for_it(self, bench, key, tmp_path):
        with bench.ledger.lock(key):
            staged, other = bench.ledger.stage(key), bench.ledger.stage(key)
            for attempt, folder in [(bench.attempt(staged, [0]), other), (bench.attempt(tmp_path, [0]), tmp_path)]:
                with pytest.raises(ValueError, match="was not staged"):
                    bench.ledger.keep(attempt, folder)

        assert bench.ledger.attempts(key) == ()

    @pytest.mark.parametrize(
        "plant",
        [
            lambda folder: (folder / "link").symlink_to("/etc/hostname"),
            lambda folder: (folder / TRIALS_FILE).symlink_to("/dev/zero"),
            lambda folder: os.mkfifo(folder / "pipe"),
            lambda folder: (folder / "folder").mkdir(),
            lambda folder: (folder / RECORD_FILE).write_text("{}"),
        ],
        ids=["symlink", "endless device", "fifo", "folder", "record"],
    )
    def test_anything_but_regular_files_is_refused(self, bench, reopened, key, plant):
        """Nothing is followed, nothing blocks, nothing counts."""
        with bench.ledger.lock(key):
            staged = bench.ledger.stage(key)
            plant(staged)
            with pytest.raises(ExecutorFailed, match="a worker left"):
                bench.ledger.keep(bench.attempt(staged, [0]), staged)

        assert reopened().attempts(key) == ()


class TestDamage:
    @pytest.fixture
    def kept(self, bench) -> Attempt:
        bench.run([5])
        return bench.run([0, 1])

    @pytest.mark.parametrize(
        ("name", "harm", "why"),
        [
            (
                TRIALS_FILE,
                lambda path: path.write_bytes(path.read_bytes()[:-1] + b"x"),
                "not the file that was recorded",
            ),
            (TRIALS_FILE, lambda path: path.write_bytes(path.read_bytes()[:100]), "not the file that was recorded"),
            (TRIALS_FILE, lambda path: path.unlink(), "missing"),
            (TRIALS_FILE, lambda path: (path.unlink(), os.mkfifo(path)), "missing or is not"),
            (RECORD_FILE, lambda path: path.write_bytes(path.read_bytes()[:200]), "is no record"),
            (RECORD_FILE, lambda path: path.write_bytes(b""), "is no record"),
            (RECORD_FILE, lambda path: path.write_bytes(b"\xff\xfe"), "is no record"),
            (
                RECORD_FILE,
                lambda path: path.write_bytes(path.read_bytes().replace(b'"format": 1', b'"format": 9')),
                "format",
            ),
            (RECORD_FILE, lambda path: (path.unlink(), path.mkdir()), "cannot be read"),
            (RECORD_FILE, lambda path: (path.unlink(), os.mkfifo(path)), "cannot be read"),
        ],
    )
    def test_a_damaged_attempt_does_not_count_and_is_reported(self, bench, reopened, key, kept, name, harm, why):
        """Its seeds are missing again; the other attempts stand."""
        harm(bench.ledger._arm(key) / kept.id / name)
        ledger = reopened()

        assert ledger.recorded(key, 1, "independent") == {5}
        (damage,) = ledger.damaged
        assert damage.folder.name == kept.id
        assert why in damage.why
        assert "delete the folder" in str(damage)

    def test_a_record_of_another_attempt_does_not_count(self, bench, reopened, key, kept):
        """A folder that was copied is not a second attempt."""
        original = bench.ledger._arm(key) / kept.id
        copy = original.with_name(new_attempt_id())
        copy.mkdir()
        for file in original.iterdir():
            (copy / file.name).write_bytes(file.read_bytes())
        ledger = reopened()

        assert len(ledger.attempts(key)) == 2
        assert [damage.folder for damage in ledger.damaged] == [copy]

    def test_a_record_cannot_name_files_elsewhere(self, bench, reopened, key, kept):
        path = bench.ledger._arm(key) / kept.id / RECORD_FILE
        path.write_text(path.read_text().replace(f'"{TRIALS_FILE}"', '"../trials.npz"'))
        ledger = reopened()

        assert ledger.recorded(key, 1, "independent") == {5}
        assert len(ledger.damaged) == 1

    def test_a_folder_without_a_record_is_ignored(self, bench, reopened, key, kept):
        stray = bench.ledger._arm(key) / new_attempt_id()
        stray.mkdir()
        (stray / TRIALS_FILE).write_bytes(b"x")
        (bench.ledger._arm(key) / "notes").mkdir()
        ledger = reopened()

        assert ledger.recorded(key, 1, "independent") == {0, 1, 5}
        assert ledger.damaged == ()

    def test_after_the_seeds_ran_again_the_results_are_whole(self, bench, reopened, key, kept):
        (bench.ledger._arm(key) / kept.id / TRIALS_FILE).unlink()
        bench.run([0, 1])

        assert reopened().recorded(key, 1, "independent") == {0, 1, 5}


class TestReading:
    def test_files_are_hashed_once_in_a_process(self, bench, reopened, key, monkeypatch):
        """However often the ledger is asked."""
        import expkit.ledger.ledger as module

        for seed in range(3):
            bench.run([seed])
        hashed: list[Path] = []
        plain = module.matches
        monkeypatch.setattr(module, "matches", lambda path, file: hashed.append(path) or plain(path, file))
        ledger = reopened()
        for _ in range(3):
            ledger.recorded(key, 1, "independent")
            ledger.attempts(key)
            ledger.find("")
            ledger.results(key, 1, "independent", range(3))

        assert len(hashed) == 3
        hashed.clear()
        bench.ledger.attempts(key)
        assert hashed == []  # what this process kept it has just hashed itself


class TestClock:
    def test_a_moment_and_an_attempts_id_tell_the_same_time(self):
        """And both are of the form that records demand."""
        before, name, after = now(), new_attempt_id(), now()

        assert ATTEMPT_ID.fullmatch(name)
        assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", moment) for moment in (before, after))
        assert re.sub("[-:]", "", before) <= name.split("-")[0] <= re.sub("[-:]", "", after)


class TestPlacesThatCannotBeWritten:
    def test_prepare_makes_the_folder_and_leaves_nothing_in_it(self, bench, root):
        bench.ledger.prepare()
        bench.ledger.prepare()

        assert list(root.iterdir()) == []

    def test_a_file_in_the_folders_place_is_refused_before_anything_runs(self, bench, root):
        root.parent.parent.mkdir(exist_ok=True)
        root.parent.write_text("in the way")

        with pytest.raises(NotWritable) as refused:
            bench.ledger.prepare()

        assert str(root.parent) in str(refused.value)
        assert "then type the same command again" in (refused.value.mend or "")

    def test_a_read_only_project_is_refused_before_anything_runs(self, bench, key):
        """By prepare, and by the lock for those who never prepared. Seen as a user whom permissions bind."""

        def try_both(folder: Path) -> None:
            ledger = type(bench)(folder).ledger
            with pytest.raises(NotWritable, match="Permission denied"):
                ledger.prepare()
            with pytest.raises(NotWritable, match="Permission denied"), ledger.lock(key):
                pass

        with TemporaryDirectory(prefix="expkit-") as folder:
            Path(folder).chmod(0o555)
            if os.geteuid() != 0:
                try_both(Path(folder))
                return
            child = os.fork()  # root may write anywhere: become somebody else
            if child == 0:
                status = 1
                try:
                    os.setgid(65534)
                    os.setuid(65534)
                    try_both(Path(folder))
                    status = 0
                finally:
                    os._exit(status)
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
