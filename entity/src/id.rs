//! Typed ids. Each is a UUIDv7 in the database; none of them is ever shown as such.
use sea_orm::prelude::Uuid;
use serde::{Deserialize, Serialize};

macro_rules! ids {
    ($($(#[$meta:meta])* $name:ident)+) => {$(
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, sea_orm::DeriveValueType)]
        pub struct $name(pub Uuid);

        impl From<Uuid> for $name {
            fn from(uuid: Uuid) -> Self {
                Self(uuid)
            }
        }

        impl From<$name> for Uuid {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl sea_orm::TryFromU64 for $name {
            fn try_from_u64(_: u64) -> Result<Self, sea_orm::DbErr> {
                Err(sea_orm::DbErr::ConvertFromU64(stringify!($name)))
            }
        }
    )+};
}

ids! {
    /// A claimant's own consent.
    ConsentId
    /// The person who seeks asylum.
    ClaimantId
    /// An area of Integrated Employment Services.
    CatchmentId
    /// When a claimant is to come.
    AppointmentId
    /// A row of access that follows from relations and consents.
    AccessGrantId
    /// An organization that a claimant never wants to be known to.
    ExclusionId
    /// People who live together.
    HouseholdId
    /// An entry of the journal.
    JournalEntryId
    /// What one answer disclosed of one claimant.
    DisclosureId
    /// Two claimants of one organization who may be one person.
    DuplicateCandidateId
    /// What a service asks of whoever is referred to it.
    EligibilityRuleId
    /// A description by which somebody was looked for.
    MatchRequestId
    /// What one party of a referral wrote to the other.
    MessageId
    /// A place where services are given.
    LocationId
    /// Something a claimant needs.
    NeedId
    /// An organization of the network, the ministry included.
    OrganizationId
    /// What became of a referral.
    OutcomeId
    /// What a claimant has learned or done for a living.
    QualificationId
    /// A referral.
    ReferralId
    /// A region of the ministry.
    RegionId
    /// A service of an organization.
    ServiceId
    /// A service as given at one location.
    ServiceAtLocationId
}
