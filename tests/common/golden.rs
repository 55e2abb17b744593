//! Goldens: text files beside the tests that are reviewed like code. `UPDATE_GOLDEN=1` writes them anew; read the
//! difference before you commit it.
use std::{env, fs, path::Path};

/// Fails with the first line that differs from the file at `path`, which is counted from the root of the repository.
pub fn assert_golden(path: &str, actual: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if env::var_os("UPDATE_GOLDEN").is_some_and(|value| value == "1") {
        fs::write(&file, actual).expect("the golden can be written");
        return;
    }
    let kept = fs::read_to_string(&file).unwrap_or_default();
    if kept == actual {
        return;
    }
    let mut place = 0;
    let (mut left, mut right) = (kept.lines(), actual.lines());
    loop {
        place += 1;
        let (kept, actual) = (left.next(), right.next());
        assert_eq!(
            actual, kept,
            "{path}, line {place}: the right side is the file; UPDATE_GOLDEN=1 writes it anew"
        );
        assert!(
            actual.is_some(),
            "{path} differs in how its lines end; UPDATE_GOLDEN=1 writes it anew"
        );
    }
}
