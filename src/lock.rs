//! Which locks are on. All of them, always: only a build with the feature `unlocked`, which no package has, can leave one
//! off, to measure what it costs (`bench locks`). In every other build [`Lock::is_off`] is a constant, and nothing is left
//! of the places that ask it.

/// What stands between a caller and the data, or makes it known that something was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "unlocked", derive(clap::ValueEnum))]
#[repr(u8)]
pub enum Lock {
    /// The verification of tokens; without it a token is the code of an organization.
    Token = 1,
    /// The rules of rows; a box stays what makes it that box.
    Rows = 2,
    /// What grants open; without them everything is open.
    Grants = 4,
    /// The opening of what is sealed; without it what was sealed reads as empty.
    Decryption = 8,
    /// The record of what an answer disclosed.
    Disclosure = 16,
    /// The entries of the journal, and so their numbering and chaining.
    Journal = 32,
}

#[cfg(not(feature = "unlocked"))]
impl Lock {
    /// No.
    pub const fn is_off(self) -> bool {
        false
    }
}

#[cfg(feature = "unlocked")]
mod unlocked {
    use std::sync::atomic::{AtomicU8, Ordering};

    use super::Lock;

    static OFF: AtomicU8 = AtomicU8::new(0);

    impl Lock {
        /// Whether this process leaves it off.
        pub fn is_off(self) -> bool {
            OFF.load(Ordering::Relaxed) & self as u8 != 0
        }

        /// Leaves it off from now on.
        pub fn leave_off(self) {
            OFF.fetch_or(self as u8, Ordering::Relaxed);
            eprintln!("*** The lock {self:?} is OFF. This build is for measuring alone. ***");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Lock;

    /// With the feature this does not compile.
    #[test]
    fn no_build_that_is_tested_leaves_a_lock_off() {
        const {
            assert!(
                !cfg!(feature = "unlocked"),
                "`unlocked` is for `bench locks` alone"
            );
            assert!(!Lock::Token.is_off() && !Lock::Journal.is_off());
        }
    }
}
