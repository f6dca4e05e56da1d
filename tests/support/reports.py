"""Files of which one has an error, one a warning and one another row order."""

from support.making import ids, predictions, write

VALIDATE = ("validate", "a.csv", "b.csv", "c.csv", "--template", "t.csv")


def write_mixed_files(here):
    """Write a.csv with two NaN, b.csv constant, c.csv in another order, and the template t.csv."""
    write(here / "t.csv", dict.fromkeys(ids(10), 0))
    write(here / "a.csv", [(k, "nan" if n < 2 else "1.5") for n, k in enumerate(ids(10))])
    write(here / "b.csv", dict.fromkeys(ids(10), 2.5))
    write(here / "c.csv", predictions(ids(10)[::-1], 1, low=1, high=4))
