"""Defects: large files."""

from mutants.mutant import Mutant
from mutants.places import ALIGN, DECIDE, RECORDS, SCHEMA, SUBMISSION

MUTANTS = (
    Mutant(
        "rows sorted by hashes need not have the same ids",
        "src/pbl/blending/_match_ids.py",
        'if not (frame["id"].gather(places) == ids).all():',
        "if False:",
        ALIGN,
    ),
    Mutant(
        "large files: ids need not be unique",
        "src/pbl/blending/_align_sql.py",
        "return sum(each.n_unique() for each in hashes) == rows",
        "return True",
        ALIGN,
    ),
    Mutant(
        "large files: infinite is finite",
        "src/pbl/checks/screen_frames.py",
        "cell.is_finite()",
        "cell.is_not_null()",
        ALIGN,
    ),
    Mutant(
        "large files: a block may begin with a mark",
        "src/pbl/reading/blocks.py",
        "if lines.startswith(codecs.BOM_UTF8, 1):",
        "if False:",
        ALIGN,
    ),
    Mutant(
        "large files: ids that repeat far apart",
        DECIDE,
        "if not profile.distinct or not survey.scan.ascii:",
        "if False:",
        ALIGN,
    ),
    Mutant(
        "large files: what was written is not compared",
        SUBMISSION,
        "if draft.sha256() != digest.hexdigest():",
        "if False:",
        ALIGN,
    ),
    Mutant(
        "large files: a number's text is not compared with the number",
        SUBMISSION,
        'text.cast(pl.Float64, strict=False).ne_missing(blend[f"b{t}"])',
        "(text != text)",
        ALIGN,
    ),
    Mutant(
        "large files: a text that is no number passes",
        SUBMISSION,
        '.ne_missing(blend[f"b{t}"]).any()',
        '.ne(blend[f"b{t}"]).any()',
        ALIGN,
    ),
    Mutant(
        "large files: a table is read while it is made anew",
        "src/pbl/blending/_align.py",
        "return Table(files=align_table(duck, surveys, contract, limits), large=large)",
        "made = Table(files=align_table(duck, surveys, contract, limits))\n"
        '    columns = [f"n{p}_0" for p in range(3)]\n'
        "    return read_batches(duck, made, columns, limits) if large else made",
        "tests/blending/test_closer_look.py",
    ),
    Mutant(
        "large files: texts need not stand beside their ids",
        SUBMISSION,
        "if not in_place or any(",
        "if any(",
        ALIGN,
    ),
    Mutant("large files: no id is quoted", SUBMISSION, "if not odd.any():", "if True:", ALIGN),
    Mutant(
        "large files: a guess stands whatever comes",
        "src/pbl/reading/blocks.py",
        "if not survey.plain or survey.header != preview.header:",
        "if False:",
        "tests/reading/test_blocks.py",
    ),
    Mutant(
        "large files: one id twice in all",
        "src/pbl/blending/_align_frames.py",
        "if not profile.distinct or not surveys[0].ascii:",
        "if False:",
        ALIGN,
    ),
    Mutant(
        "a pass over the bytes may miss some",
        "src/pbl/reading/survey.py",
        "if file.size and not scan.endless and scan.size != file.size:",
        "if False:",
        "tests/reading/test_changes.py",
    ),
    Mutant(
        "large files: a table's last rows are left out",
        "src/pbl/blending/_align_sql.py",
        "        if frame.is_empty():\n            return\n",
        "        if len(frame) < rows:\n            return\n",
        "tests/fuzz/test_roads.py",
    ),
    Mutant(
        "large files: the third file is taken to be in order",
        "src/pbl/blending/_match_ids.py",
        'if not (same := bool((frame["id"] == ids).all())):',
        'if not (same := bool((frame["id"] == ids).all())) and len(parts) != 2:',
        "tests/fuzz/test_roads.py",
    ),
    Mutant(
        "records: who reads a file moves others on",
        RECORDS,
        "data = os.pread(self._fd, len(buffer), self._at)",
        "data = os.read(self._fd, len(buffer))",
        "tests/reading/test_changes.py",
    ),
    Mutant(
        "large files: who reads ahead is not waited for",
        "src/pbl/reading/prefetch.py",
        "pool.shutdown(cancel_futures=True)",
        "pool.shutdown(wait=False, cancel_futures=True)",
        ALIGN,
    ),
    Mutant(
        "a sound file's numbers may have another form",
        SCHEMA,
        "if number is not None and not cast_tells(number):",
        "if False:",
        "tests/fuzz/test_properties.py",
    ),
    Mutant("a sound file may have no rows", SCHEMA, "        pl.len() > 0,\n", "", "tests/fuzz/test_properties.py"),
)
