"""Penguins of the Palmer Archipelago: a small table with words and gaps in it."""

from __future__ import annotations

from dllab.data.csv import Names, Tabular
from dllab.data.encoding import Missing
from dllab.data.files import reading
from dllab.data.table import Table, read_table

COLUMNS = ("species", "island", "bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g", "sex", "year")
ROWS = 344


class Penguins(Tabular):
    """Penguins: three species told apart by bill, flipper, mass, sex and island. 344 rows, 11 of them with gaps.

    A real table: numbers beside words (island and sex, a number for each word or 0 and 1), and values that are missing
    as they are in the field. Two birds have no measurements at all, nine more have no sex.

    Options:

    - target: the column to predict: species by default; sex, island and the measures in mm or g do as well.
    - features: the columns to learn from; all others if left out.
    - drop: columns to leave out: year by default, that of the study.
    - categories: columns whose numbers are names: year, say.
    - missing: drop_rows by default, which leaves 333 rows; mean, median, most_frequent or category fill the gaps with
      figures of the training rows (category: a category of its own, and the mean for numbers); refuse.
    - task: classification or regression; left out, as the target is.

    and those of every source (`standardise` is true by default).

        data: penguins
        data: {name: penguins, missing: median, test: 0.3}
        data: {name: penguins, target: body_mass_g, drop: [year, species]}

    Source: Gorman, Williams and Fraser 2014, "Ecological sexual dimorphism and environmental variability within a
    community of Antarctic penguins (genus Pygoscelis)", PLoS ONE 9(3) e90081; datasets/penguins.md says where the file
    comes from and under which licence.
    """

    name = "penguins"
    main = "target"
    target: str = "species"
    drop: Names = ("year",)
    missing: Missing = "drop_rows"

    def table(self) -> Table:
        """The table in the order of the file: species by species."""
        with reading("penguins.csv") as path:
            table = read_table(str(path), ",", self.categories)
            if (table.names, table.rows) != (COLUMNS, ROWS):
                raise ValueError(f"it must have {ROWS} rows of {', '.join(COLUMNS)}")
            return table

    def described(self, table: Table) -> tuple[str, str]:
        """Its name, and what it is."""
        return self.name, "Penguins of three species by island, sex and four measures (Gorman et al. 2014)."
