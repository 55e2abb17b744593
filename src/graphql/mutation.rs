//! The mutations. Each makes a change of its input, applies it once, and reads what it left under the caller's rights.
//! What the caller can mend comes back in the payload; nothing was changed then.
use async_graphql::{Context, Interface, MergedObject, Result, SimpleObject};
use sea_orm::prelude::Uuid;

use super::{
    claimant::Claimant,
    consent::{Consent, Exclusion},
    context::{Resolver, answer},
    direct::Direct,
    directory::Service,
    duplicate::DuplicateCandidate,
    referral::Referral,
};
use crate::{
    error::{Caution, Error, Refusal},
    store::{Applied, Change, update::Update},
};

mod claimant;
mod consent;
mod matching;
mod message;
mod qualification;
mod referral;
mod referral_input;
mod service;

/// What can be done.
#[derive(MergedObject, Default)]
#[graphql(name = "Mutation")]
pub struct Mutation(
    claimant::ClaimantMutation,
    consent::ConsentMutation,
    matching::MatchingMutation,
    message::MessageMutation,
    qualification::QualificationMutation,
    referral::ReferralMutation,
    service::ServiceMutation,
);

/// Something the caller can mend. Nothing was changed.
#[expect(
    clippy::duplicated_attributes,
    reason = "fields of the interface may have the same type"
)]
#[derive(Interface)]
#[graphql(
    field(
        name = "code",
        ty = "&String",
        desc = "Stable; it never changes with the language."
    ),
    field(
        name = "message",
        ty = "&String",
        desc = "For people, in the language of the answer."
    ),
    field(
        name = "field",
        ty = "&Option<Vec<String>>",
        desc = "The path of the input's field, where it is about one."
    )
)]
pub enum UserError {
    Claimant(ClaimantUserError),
    ClaimantMatch(ClaimantMatchUserError),
    Consent(ConsentUserError),
    Duplicate(DuplicateUserError),
    Exclusion(ExclusionUserError),
    Referral(ReferralUserError),
    Service(ServiceUserError),
}

macro_rules! user_errors {
    ($($(#[$meta:meta])* $name:ident { $($version:ident)? })+) => {$(
        $(#[$meta])*
        #[derive(SimpleObject)]
        pub struct $name {
            code: String,
            message: String,
            field: Option<Vec<String>>,
            $(
                /// The version that the input should have named.
                $version: Option<i32>,
            )?
        }

        impl $name {
            fn of(context: &Context<'_>, refusal: Refusal) -> Self {
                Self {
                    code: refusal.problem.code().to_owned(),
                    message: refusal.problem.text(context.language()),
                    field: Some(refusal.field).filter(|path| !path.is_empty()),
                    $($version: refusal.$version,)?
                }
            }
        }
    )+};
}

user_errors! {
    ClaimantUserError { current_version }
    ClaimantMatchUserError {}
    ConsentUserError {}
    DuplicateUserError { current_version }
    ExclusionUserError {}
    ReferralUserError { current_version }
    ServiceUserError { current_version }
}

/// Something about a consent to think over. It was recorded all the same.
#[derive(SimpleObject)]
pub struct ConsentWarning {
    /// Stable; it never changes with the language.
    code: String,
    /// For people, in the language of the answer.
    message: String,
}

impl ConsentWarning {
    fn of(context: &Context<'_>, caution: Caution) -> Self {
        Self {
            code: caution.code().to_owned(),
            message: caution.text(context.language()).to_owned(),
        }
    }
}

macro_rules! payloads {
    ($($(#[$meta:meta])* $name:ident { $field:ident: $type:ty, $error:ident $(, $more:ident: $of:ty)? })+) => {$(
        $(#[$meta])*
        #[derive(SimpleObject)]
        pub struct $name {
            $field: Option<$type>,
            $($more: $of,)?
            user_errors: Vec<$error>,
        }

        impl $name {
            fn done($field: Option<$type>) -> Self {
                Self {
                    $field,
                    $($more: <$of>::default(),)?
                    user_errors: Vec::new(),
                }
            }

            /// What the caller can mend goes into the payload, the rest among the errors.
            fn refused(context: &Context<'_>, error: Error) -> Result<Self> {
                match error {
                    Error::Refused(refusal) => Ok(Self {
                        $field: None,
                        $($more: <$of>::default(),)?
                        user_errors: vec![$error::of(context, refusal)],
                    }),
                    other => Err(answer(context, other)),
                }
            }
        }
    )+};
}

payloads! {
    /// The claimant, as the caller may see the person now.
    ClaimantPayload { claimant: Claimant, ClaimantUserError }
    /// The consent, as the caller may see it now.
    ConsentPayload { consent: Consent, ConsentUserError, warnings: Vec<ConsentWarning> }
    /// The pair, as the caller may see it now.
    DuplicatePayload { duplicate_candidate: DuplicateCandidate, DuplicateUserError }
    /// The exclusion, as the caller may see it now.
    ExclusionPayload { exclusion: Exclusion, ExclusionUserError }
    /// The referral, as the caller may see it now.
    ReferralPayload { referral: Direct<Referral>, ReferralUserError }
    /// The service.
    ServicePayload { service: Service, ServiceUserError }
}

/// What became of each of many, in the order of the input; each referral as the caller may see it now.
#[derive(SimpleObject)]
pub struct ReferralBulkPayload {
    /// One for each item, unless the whole is refused. What one is refused for changes nothing for the others.
    results: Vec<ReferralPayload>,
    /// Why the whole is refused. Nothing was changed then.
    user_errors: Vec<ReferralUserError>,
}

/// Applies a change once.
async fn apply(
    context: &Context<'_>,
    change: &impl Change,
    key: Option<Uuid>,
) -> std::result::Result<Applied, Error> {
    let applied = context.session().apply(change, key).await;
    context.loaders().note_change();
    applied
}

/// What a form says of a field: null is as good as absent.
fn given<T>(value: Option<T>) -> Update<T> {
    value.map_or(Update::Keep, Update::Set)
}

/// What an input says of a field that may be absent, null or given.
fn update<T>(value: async_graphql::MaybeUndefined<T>) -> Update<T> {
    match value {
        async_graphql::MaybeUndefined::Undefined => Update::Keep,
        async_graphql::MaybeUndefined::Null => Update::Clear,
        async_graphql::MaybeUndefined::Value(value) => Update::Set(value),
    }
}
