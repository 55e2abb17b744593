//! Programs of Node that stand beside these tests. What is missing fails where CI says so, and is said aloud elsewhere.
use std::{
    env,
    io::Write,
    path::{Path, PathBuf},
};

/// The folder of a program below `tests/outside`, if the package that it needs was installed there.
pub fn folder(name: &str, package: &str, what: &str) -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/outside")
        .join(name);
    if folder.join("node_modules").join(package).is_dir() {
        return Some(folder);
    }
    missing(
        what,
        &format!("to install what it needs: (cd tests/outside/{name} && npm ci)"),
    );
    None
}

/// Something that the tests need is not on this machine.
pub fn missing(what: &str, how: &str) {
    assert_ne!(
        env::var_os("CI").as_deref(),
        Some("true".as_ref()),
        "{what}: {how}"
    );
    // Past the capture of output, so that whoever runs the tests sees what was not tested.
    let _ = writeln!(std::io::stderr(), "\n*** NOT TESTED: {what}: {how}\n");
}
