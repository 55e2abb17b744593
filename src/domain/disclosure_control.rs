//! How counts of people are told to those who may count and not know: a cell-key method, as census offices use it for
//! tables that anyone may ask for. Pure.
//!
//! Every record has a key that says nothing of it, and the keys of the records in a cell add up to the cell's. The cell's
//! key decides how far its count is moved. So the same people counted by whatever question give the same number, and two
//! questions that differ by one person give numbers that were moved independently: their difference tells nothing of that
//! person. A total is a cell like any other, and need not be the sum of what stands above it.

/// What is known of one cell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cell {
    pub count: i64,
    /// The sum of the record keys, each from 0 to [`KEYS`] less one.
    pub key: i64,
}

/// How many different keys a record may have.
pub const KEYS: i64 = 0x1_0000;

/// Cells smaller than this are not told, whether so counted or so moved.
pub const SMALLEST: i64 = 5;

/// How a count is moved, and by how many in sixteen of the keys. As often up as down, so that sums of many cells hold.
const MOVES: [(i64, i64); 5] = [(-2, 2), (-1, 3), (0, 6), (1, 3), (2, 2)];

impl Cell {
    /// The count as it may be told; nothing where the cell is too small.
    pub fn told(self) -> Option<i64> {
        let told = self.count + self.movement();
        (self.count >= SMALLEST && told >= SMALLEST).then_some(told)
    }

    fn movement(self) -> i64 {
        let mut place = self.key.rem_euclid(KEYS) / (KEYS / 16);
        for (movement, share) in MOVES {
            if place < share {
                return movement;
            }
            place -= share;
        }
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_under_five_is_never_told() {
        for count in 0..SMALLEST {
            for key in 0..KEYS {
                assert_eq!(Cell { count, key }.told(), None);
            }
        }
    }

    #[test]
    fn over_all_keys_counts_are_moved_as_often_up_as_down() {
        let moved: Vec<i64> = (0..KEYS)
            .map(|key| Cell { count: 100, key }.movement())
            .collect();
        assert_eq!(moved.iter().sum::<i64>(), 0);
        assert_eq!(moved.iter().copied().min(), Some(-2));
        assert_eq!(moved.iter().copied().max(), Some(2));
    }

    #[test]
    fn the_same_records_are_told_the_same_however_they_are_summed() {
        let (one, other) = (
            Cell {
                count: 30,
                key: 7 * KEYS + 11,
            },
            Cell { count: 30, key: 11 },
        );
        assert_eq!(one.told(), other.told());
    }

    #[test]
    fn no_difference_of_two_cells_shows_that_they_differ_by_one_record() {
        // Whatever is told of a cell and of the same cell with one record more, the same difference is found between
        // cells that differ by none, by one and by two.
        let difference = |more: i64, key: i64, added: i64| {
            let without = Cell { count: 50, key };
            let with = Cell {
                count: 50 + more,
                key: key + added,
            };
            with.told()
                .zip(without.told())
                .map(|(with, without)| with - without)
        };
        let keys = || (0..KEYS).step_by(1_021);
        for more in [1, 2] {
            for told in -1..=3 {
                let found = keys()
                    .any(|key| keys().any(|added| difference(more, key, added) == Some(told)));
                assert!(found, "{more} more records are told as {told} more");
            }
        }
    }
}
