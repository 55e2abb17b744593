//! What may happen in a history, and how often it is drawn.
use proptest::prelude::*;

/// Who may come to know of a person: three providers, each with a service, and two agencies, one of which keeps the file.
pub const PARTIES: [&str; 5] = [
    "provider",
    "other-provider",
    "far-provider",
    "agency",
    "other-agency",
];
/// So many of them are providers; the agencies come after.
pub const PROVIDERS: usize = 3;
pub const CATEGORIES: [&str; 2] = ["EMPLOYMENT", "HOUSING"];

/// Whom a consent names.
#[derive(Clone, Copy, Debug)]
pub enum Recipient {
    Party(usize),
    EmploymentServices,
    AnyParty,
}

/// What a person is said to have said.
#[derive(Clone, Debug)]
pub struct Word {
    pub to: Recipient,
    pub category: usize,
    /// Opens who the person is; to an agency, also how the person is reached.
    pub identity: bool,
    pub days: Option<i64>,
    pub refused: bool,
    pub by_guardian: bool,
}

/// One thing that happens. A person is a number: 0 the claimant, who is a minor at first, 1 the sibling.
#[derive(Clone, Debug)]
pub enum Doing {
    Consent {
        of: usize,
        word: Word,
    },
    WithdrawConsent(usize),
    Exclude {
        of: usize,
        from: usize,
    },
    EndExclusion(usize),
    Send {
        to: Option<usize>,
        category: usize,
        together: bool,
    },
    SendUnnamed {
        to: Option<usize>,
        category: usize,
    },
    Work {
        which: usize,
        step: Step,
    },
    /// The file goes to the other agency, if the person said so.
    Move(usize),
    /// The first agency is no more, and the operator hands its files on.
    CloseAgency,
    Join,
    Leave(usize),
    /// Where it is `held`, the person comes under a legal hold first.
    Erase {
        of: usize,
        held: bool,
    },
    Hold {
        of: usize,
        held: bool,
    },
    Wait(i64),
    /// The clock goes to the very moment from which only the claimant's own word counts.
    Birthday,
}

/// What is done with a referral.
#[derive(Clone, Debug)]
pub enum Step {
    Claim { by: usize },
    Link { to: usize },
    Accept,
    Decline,
    Complete,
    Cancel,
    Void,
    Reroute { to: usize },
    Resubmit { to: usize },
    Split { to: usize, category: usize },
}

fn step() -> impl Strategy<Value = Step> {
    let other = 0..PROVIDERS;
    prop_oneof![
        1 => other.clone().prop_map(|by| Step::Claim { by }),
        3 => person().prop_map(|to| Step::Link { to }),
        6 => Just(Step::Accept),
        1 => Just(Step::Decline),
        4 => Just(Step::Complete),
        1 => Just(Step::Cancel),
        1 => Just(Step::Void),
        1 => other.clone().prop_map(|to| Step::Reroute { to }),
        1 => other.clone().prop_map(|to| Step::Resubmit { to }),
        1 => (other, 0..CATEGORIES.len()).prop_map(|(to, category)| Step::Split { to, category }),
    ]
}

fn person() -> impl Strategy<Value = usize> + Clone {
    prop_oneof![3 => Just(0_usize), 1 => Just(1_usize)]
}

fn word() -> impl Strategy<Value = Word> {
    let to = prop_oneof![
        5 => (0..PARTIES.len()).prop_map(Recipient::Party),
        1 => Just(Recipient::EmploymentServices),
        1 => Just(Recipient::AnyParty),
    ];
    let days = proptest::option::of(1..40_i64);
    let (refused, by_guardian) = (proptest::bool::weighted(0.2), proptest::bool::weighted(0.3));
    (
        to,
        0..CATEGORIES.len(),
        any::<bool>(),
        days,
        refused,
        by_guardian,
    )
        .prop_map(
            |(to, category, identity, days, refused, by_guardian)| Word {
                to,
                category,
                identity,
                days,
                refused,
                by_guardian,
            },
        )
}

pub fn doing() -> impl Strategy<Value = Doing> {
    let (other, category, some) = (0..PROVIDERS, 0..CATEGORIES.len(), 0..4_usize);
    let to = proptest::option::weighted(0.8, other);
    prop_oneof![
        8 => (person(), word()).prop_map(|(of, word)| Doing::Consent { of, word }),
        2 => some.clone().prop_map(Doing::WithdrawConsent),
        3 => (person(), 0..PARTIES.len()).prop_map(|(of, from)| Doing::Exclude { of, from }),
        2 => some.clone().prop_map(Doing::EndExclusion),
        9 => (to.clone(), category.clone(), any::<bool>()).prop_map(|(to, category, together)| Doing::Send { to, category, together }),
        3 => (to, category).prop_map(|(to, category)| Doing::SendUnnamed { to, category }),
        24 => (some, step()).prop_map(|(which, step)| Doing::Work { which, step }),
        5 => person().prop_map(Doing::Move),
        1 => Just(Doing::CloseAgency),
        2 => Just(Doing::Join),
        1 => person().prop_map(Doing::Leave),
        2 => (person(), any::<bool>()).prop_map(|(of, held)| Doing::Erase { of, held }),
        2 => (person(), any::<bool>()).prop_map(|(of, held)| Doing::Hold { of, held }),
        4 => (1..60_i64).prop_map(Doing::Wait),
        2 => Just(Doing::Birthday),
    ]
}
