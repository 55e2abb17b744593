//! How counts of people are told to those who may count and not know: a cell-key method, as census offices use it for
//! tables that anyone may ask for. Pure.
//!
//! Every record has a key that says nothing of it, and the keys of the records in a part of a cell add up to the part's,
//! which decides how far the part's count is moved, once and for every question. A cell is the sum of its moved parts. So
//! the same people counted by whatever question give the same number, and two questions, one of which has a part more,
//! differ by that part as it is always told: however many are asked, there is nothing to average. A part of less than
//! [`SMALLEST`] counts as none or as so many, so that a difference shows nobody's part as what it is.

/// What is known of one part of a cell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Part {
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

/// The count of a cell of these parts as it may be told; nothing where it is too small.
pub fn told(parts: &[Part]) -> Option<i64> {
    let count: i64 = parts.iter().map(|part| part.count).sum();
    let told: i64 = parts.iter().map(|part| part.moved()).sum();
    (count >= SMALLEST && told >= SMALLEST).then_some(told)
}

impl Part {
    fn moved(self) -> i64 {
        if self.count >= SMALLEST {
            self.count + self.movement()
        } else if self.place() * SMALLEST < self.count * KEYS {
            // For each record one in five of the keys: sums of many parts hold.
            SMALLEST
        } else {
            0
        }
    }

    fn place(self) -> i64 {
        self.key.rem_euclid(KEYS)
    }

    fn movement(self) -> i64 {
        let mut place = self.place() / (KEYS / 16);
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

    fn part(count: i64, key: i64) -> Part {
        Part { count, key }
    }

    #[test]
    fn a_cell_under_five_is_never_told() {
        for count in 0..SMALLEST {
            for key in 0..KEYS {
                assert_eq!(told(&[part(count, key)]), None);
                assert_eq!(
                    told(&vec![part(1, key); usize::try_from(count).unwrap()]),
                    None
                );
            }
        }
    }

    #[test]
    fn over_all_keys_counts_are_moved_as_often_up_as_down() {
        let moved: Vec<i64> = (0..KEYS).map(|key| part(100, key).movement()).collect();
        assert_eq!(moved.iter().sum::<i64>(), 0);
        assert_eq!(moved.iter().copied().min(), Some(-2));
        assert_eq!(moved.iter().copied().max(), Some(2));
        for count in 0..SMALLEST {
            let moved: Vec<i64> = (0..KEYS).map(|key| part(count, key).moved()).collect();
            assert!((moved.iter().sum::<i64>() - count * KEYS).abs() <= SMALLEST);
            assert!(moved.iter().all(|moved| [0, SMALLEST].contains(moved)));
        }
    }

    #[test]
    fn the_same_records_are_told_the_same_however_they_are_summed() {
        let (one, other) = (part(30, 7 * KEYS + 11), part(30, 11));
        assert_eq!(told(&[one]), told(&[other]));
    }

    #[test]
    fn whatever_it_is_added_to_a_part_adds_what_it_always_adds() {
        let others = |key: i64| [part(50, key), part(3, key * 7), part(20, key * 13)];
        for (count, key) in [(1, 0), (1, 60_000), (4, 30_000), (9, 1_000), (40, 65_000)] {
            let slice = part(count, key);
            for key in (0..KEYS).step_by(1_021) {
                for kept in 1..=others(key).len() {
                    let without = &others(key)[..kept];
                    let with = [without, &[slice]].concat();
                    let difference = told(&with).unwrap() - told(without).unwrap();
                    assert_eq!(difference, slice.moved(), "{slice:?} beside {without:?}");
                    assert!(difference == 0 || difference + 2 >= SMALLEST, "{slice:?}");
                }
            }
        }
    }

    #[test]
    fn one_record_more_in_a_part_shows_in_no_difference() {
        // Whatever is told of a part and of the same with one record more, the same difference is found between parts that
        // differ by one and by two.
        let difference = |more: i64, key: i64, added: i64| {
            part(50 + more, key + added).moved() - part(50, key).moved()
        };
        let keys = || (0..KEYS).step_by(1_021);
        for more in [1, 2] {
            for told in -1..=3 {
                let found =
                    keys().any(|key| keys().any(|added| difference(more, key, added) == told));
                assert!(found, "{more} more records are told as {told} more");
            }
        }
    }
}
