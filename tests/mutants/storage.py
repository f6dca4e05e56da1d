"""Defects: writing."""

from mutants.mutant import Mutant

TEMPORARY = "src/pbl/storage/temporary.py"
APPENDING = "src/pbl/storage/append_log.py"
CSV_TEXT = "src/pbl/storage/csv_text.py"
FILES = "src/pbl/storage/files.py"

MUTANTS = (
    Mutant(
        "a folder being removed is forgotten",
        TEMPORARY,
        "live[gone] = None",
        "pass",
        "tests/storage/test_temporary.py",
    ),
    Mutant(
        "a lock outlives its process",
        TEMPORARY,
        "for fd in _list_inheritable())",
        "for fd in ())",
        "tests/storage/test_temporary.py",
    ),
    Mutant(
        "renamed before it is on the disk",
        "src/pbl/storage/commit.py",
        "            each.sync()\n",
        "",
        "tests/storage/test_commit_faults.py",
    ),
    Mutant(
        "a new submission beside the old recipe",
        "src/pbl/storage/_replace.py",
        "                note.target.rename(aside)\n",
        "                pass\n",
        "tests/storage/test_commit_faults.py",
    ),
    Mutant(
        "temporaries stay",
        "src/pbl/storage/commit.py",
        "        for path in self._paths:\n            drop(path)\n",
        "        for path in self._paths:\n",
        "tests/storage/test_commit.py",
    ),
    Mutant(
        "the log is not locked",
        APPENDING,
        "            lock(fd)\n",
        "            pass\n",
        "tests/storage/test_append_log.py tests/storage/test_append_log_faults.py tests/ledger/test_log_run.py",
    ),
    Mutant(
        "a logged row is not on the disk",
        APPENDING,
        "        os.fsync(log.fd)\n        sync_folder",
        "        sync_folder",
        "tests/storage/test_append_log_faults.py",
    ),
    Mutant(
        "formulas in the log",
        CSV_TEXT,
        'return f"\'{cell}" if cell.startswith',
        "return cell if cell.startswith",
        "tests/storage/test_csv_text.py",
    ),
    Mutant(
        "a lock that another holds is taken for ours",
        "src/pbl/storage/locks.py",
        "        return False\n",
        "        return True\n",
        "tests/storage/test_locks.py",
    ),
    Mutant(
        "a pipe is waited for",
        FILES,
        "os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC",
        "os.O_RDONLY | os.O_CLOEXEC",
        "tests/storage/test_files.py",
    ),
    Mutant(
        "a file is hashed from where it stands",
        FILES,
        "    at = 0\n",
        "    at = os.lseek(fd, 0, os.SEEK_CUR)\n",
        "tests/storage/test_files.py",
    ),
    Mutant(
        "a file is hashed in one piece",
        FILES,
        "os.pread(fd, _CHUNK, at)",
        "os.pread(fd, os.fstat(fd).st_size, at)",
        "tests/storage/test_files.py tests/project/test_recipe_files.py",
    ),
    Mutant(
        "a full disk is said in the system's words",
        "src/pbl/storage/os_errors.py",
        'errno.ENOSPC: "the disk is full",',
        "",
        "tests/storage/test_os_errors.py tests/kaggle/test_pack.py",
    ),
)
