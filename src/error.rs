//! What can go wrong, in three kinds: what the caller can mend (a [`Refusal`], answered in the payload), what the
//! request got wrong, and what is ours alone and shows nothing but the request's id. The texts are in `message`.
use entity::{Access, ReferralStatus};
use sea_orm::DbErr;
use serde::{Deserialize, Serialize};

pub type Result<T> = std::result::Result<T, Error>;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("refused: {0:?}")]
    Refused(Refusal),
    /// A cursor of another list, another order or another caller, or a broken one.
    #[error("bad cursor")]
    BadCursor,
    #[error("bad input: {0:?}")]
    BadInput(BadInput),
    #[error("internal: {0}")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl Error {
    /// An error of ours, with its cause for the log.
    pub fn internal(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Internal(source.into())
    }

    /// Another error in place of a refusal.
    #[must_use]
    pub fn or_refused(self, with: impl FnOnce(Refusal) -> Self) -> Self {
        match self {
            Self::Refused(refusal) => with(refusal),
            Self::BadCursor | Self::BadInput(_) | Self::Internal(_) => self,
        }
    }
}

impl From<DbErr> for Error {
    fn from(error: DbErr) -> Self {
        Self::Internal(Box::new(error))
    }
}

impl From<BadInput> for Error {
    fn from(problem: BadInput) -> Self {
        Self::BadInput(problem)
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// What is wrong with the arguments of a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadInput {
    /// `first` or `last` is not between 1 and 100.
    PageSize,
    /// `first` and `last` together, or a cursor that does not go with them.
    PageDirection,
    /// `referral` takes exactly one of `id` and `reference`.
    IdOrReference,
    /// More ids than one request may name.
    TooManyIds,
    /// More dimensions than a report can have, or one twice.
    Dimensions,
    /// A dimension by which this report does not count.
    DimensionNotCounted,
    /// A period that ends before it begins, or is longer than ten years.
    Period,
    /// A preview is about a claimant or about facts.
    ClaimantOrFacts,
    /// A preview of what is not there, or not for the caller to see.
    NothingToPreview,
    /// A feed can be read forwards only, 1 to 500 entries at a time.
    FeedSize,
    /// More to look for than any name holds.
    SearchText,
}

/// What the caller can mend: which problem, and where in the input. Nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    pub problem: Problem,
    pub field: Vec<String>,
    pub current_version: Option<i32>,
}

impl Refusal {
    /// A problem with the input as a whole.
    pub fn new(problem: Problem) -> Self {
        Self {
            problem,
            field: Vec::new(),
            current_version: None,
        }
    }

    /// A problem with one field of the input, named by its path with dots.
    pub fn at(problem: Problem, path: &str) -> Self {
        Self {
            problem,
            field: std::iter::once("input")
                .chain(path.split('.'))
                .map(str::to_owned)
                .collect(),
            current_version: None,
        }
    }

    /// The same of one item of a list of the input.
    #[must_use]
    pub fn within(mut self, list: &str, place: usize) -> Self {
        let begin = self.field.len().min(1);
        let path = [list.to_owned(), place.to_string()];
        self.field.splice(begin..begin, path);
        self
    }

    /// The version that the caller should have named.
    #[must_use]
    pub fn with_current_version(mut self, version: i32) -> Self {
        self.current_version = Some(version);
        self
    }
}

/// Every problem that a caller can mend. The codes never change; the texts may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Problem {
    NotFound,
    StaleVersion,
    ActionNotAllowed {
        status: ReferralStatus,
    },
    ClaimTooLate,
    ReasonRequired,
    ReasonNotAllowed,
    SubStatusNotAllowed,
    OutcomeRequired,
    OutcomeNotAllowed,
    UnresolvedOutcomeRequired,
    OpenChildren,
    AlreadyReplaced,
    NotAnonymous,
    FactsRequired,
    ConsentRequired {
        access: Access,
    },
    ConsentOwnRequired,
    ConsentWidensSelf,
    AuthorityRequired,
    NothingConsented,
    AlreadyWithdrawn,
    ClaimantErased,
    AlreadyExcluded,
    AlreadyEnded,
    AlreadyMerged,
    NotDecided,
    AlreadyInHousehold,
    NotInHousehold,
    Excluded,
    ServiceNotActive,
    /// A rule about a sealed fact, by somebody else than the ministry.
    SealedFact,
    ServiceRequired,
    RecipientFixed,
    RecipientIsSelf,
    Duplicate,
    SummaryIdentifies,
    /// A text between parties that names the claimant.
    TextIdentifies,
    /// A text that tells where a confidential location is, or where a protected person lives.
    PlaceConfidential,
    /// What an appointment cannot become, or not by the caller.
    AppointmentNotAllowed,
    /// A part of an appointment that only the recipient changes, or nobody any more.
    AppointmentFixed,
    EndOutOfRange,
    TooFarAhead {
        days: i64,
    },
    SinNotStored,
    Required,
    Invalid,
    TooLong {
        limit: usize,
    },
    TooMany {
        limit: usize,
    },
    OutOfRange {
        from: i64,
        to: i64,
    },
    InFuture,
    InPast,
    IdempotencyKeyReused,
    IdempotencyInProgress,
    RoleNotAllowed,
    /// An action that is done to one referral at a time.
    NotInBulk,
    /// A referral that stands in the list further up.
    Repeated,
}

/// What to think over in something that was done all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caution {
    /// A relative interpreted when consent was given.
    InterpreterIsFamily,
}
