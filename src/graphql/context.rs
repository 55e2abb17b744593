//! What a resolver has at hand: the session of its caller, the loaders of this answer, and the way from public ids to
//! ours. Errors become answers here.
use async_graphql::{Context, ErrorExtensions, ID};
use entity::Language;
use sea_orm::prelude::Uuid;

use super::loader::Loaders;
use crate::{
    error::{BadInput, Error},
    opaque::NodeType,
    store::Session,
};

/// An id whose type is known.
pub(super) trait NodeId: From<Uuid> + Into<Uuid> + Copy {
    const NODE: NodeType;
}

macro_rules! node_ids {
    ($($id:ident is $node:ident,)+) => {$(
        impl NodeId for entity::$id {
            const NODE: NodeType = NodeType::$node;
        }
    )+};
}

node_ids! {
    OrganizationId is Organization,
    RegionId is Region,
    CatchmentId is Catchment,
    ServiceId is Service,
    ClaimantId is Claimant,
    NeedId is Need,
    ConsentId is Consent,
    ReferralId is Referral,
    OutcomeId is Outcome,
    QualificationId is Qualification,
    ExclusionId is Exclusion,
    DisclosureId is Disclosure,
    DuplicateCandidateId is DuplicateCandidate,
    MessageId is Message,
    AppointmentId is Appointment,
    EligibilityRuleId is EligibilityRule,
}

/// What every resolver asks of its context.
pub(super) trait Resolver {
    fn session(&self) -> &Session;
    fn loaders(&self) -> &Loaders;

    /// The language of the answer.
    fn language(&self) -> Language {
        self.session().caller().language
    }

    /// The public id of a row.
    fn id<I: NodeId>(&self, id: I) -> ID {
        ID(self.session().keys().id(I::NODE, id))
    }

    /// The row that a public id names. One that names none, or a row of another type, is as good as one that is not
    /// there: no row has the nil UUID.
    fn row<I: NodeId>(&self, id: &ID) -> I {
        let uuid = self.session().keys().uuid(I::NODE, id);
        I::from(uuid.unwrap_or(Uuid::nil()))
    }

    /// [`Resolver::row`] for each.
    fn rows<I: NodeId>(&self, ids: &[ID]) -> Vec<I> {
        ids.iter().map(|id| self.row(id)).collect()
    }
}

impl Resolver for Context<'_> {
    fn session(&self) -> &Session {
        self.data_unchecked::<Session>()
    }

    fn loaders(&self) -> &Loaders {
        self.data_unchecked::<Loaders>()
    }
}

/// The answer to an error of a query. Ours is logged here, once, and shows nothing.
pub(super) fn answer(context: &Context<'_>, error: Error) -> async_graphql::Error {
    let language = context.language();
    let (code, text) = match error {
        Error::BadCursor => (
            "BAD_CURSOR",
            match language {
                Language::En => "This cursor does not belong to this list.",
                Language::Fr => "Ce curseur n'appartient pas à cette liste.",
            },
        ),
        Error::BadInput(problem) => ("BAD_USER_INPUT", BadInput::text(problem, language)),
        Error::Refused(refusal) => {
            let code = refusal.problem.code();
            return async_graphql::Error::new(refusal.problem.text(language))
                .extend_with(|_, extensions| extensions.set("code", code));
        }
        Error::Internal(source) => {
            // The span of the request carries its id.
            tracing::error!(
                error = %source,
                cause = source.source().map(tracing::field::display),
                "a request failed"
            );
            ("INTERNAL", "internal error")
        }
    };
    async_graphql::Error::new(text).extend_with(|_, extensions| extensions.set("code", code))
}

/// Makes an answer of a store's error.
pub(super) trait OrAnswer<T> {
    fn or_answer(self, context: &Context<'_>) -> async_graphql::Result<T>;
}

impl<T> OrAnswer<T> for Result<T, Error> {
    fn or_answer(self, context: &Context<'_>) -> async_graphql::Result<T> {
        self.map_err(|error| answer(context, error))
    }
}
