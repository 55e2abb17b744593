//! The workflow of a referral: one table of what each relation may do in each status, and what follows. Whoever shows
//! `availableActions`, runs a mutation or fires a timer asks [`next`], so that none of them can disagree.
//!
//! It decides nothing about visibility, scopes, consent, versions or the caller's input: those are asked before, and a
//! refusal here is for somebody who sees the referral anyway. It must not read a clock or a database; the golden
//! `tests/golden/transitions.txt` holds the whole finite table.
use entity::{ReferralAction, ReferralPhase, ReferralStatus};

mod code;
#[cfg(test)]
mod golden;
#[cfg(test)]
mod tests;

pub use code::{
    allowed_reasons, allowed_sub_statuses, default_decided_by, is_unresolved, need_after,
    needs_reason, outcomes_suffice,
};

/// How a caller stands to a referral. One caller may stand in several relations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Relation {
    /// The organization that sends it, or is about to create it.
    Source,
    /// The organization to which it is addressed, whose access has not ended.
    Owner,
    /// The organization that registered its claimant. It reads, and acts through its other relations.
    Registering,
    /// An organization with an active service that fits an open referral.
    EligibleProvider,
    /// The ministry with oversight of the region.
    Ministry,
    /// A timer, or what follows from a consent.
    System,
    /// Anybody else.
    None,
}

impl Relation {
    /// Every relation, in the order of the golden.
    pub const ALL: &'static [Self] = &[
        Self::Source,
        Self::Owner,
        Self::Registering,
        Self::EligibleProvider,
        Self::Ministry,
        Self::System,
        Self::None,
    ];
}

/// What can be done with a referral: what the API offers, and what only the system does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// Begins a draft. Creating with `send` is [`ReferralAction::Send`] of what does not exist yet.
    Create,
    /// An action of the API.
    Api(ReferralAction),
    /// A timer ends a request that nobody answered.
    Expire,
    /// A withdrawn consent ends what depended on it.
    Withdraw,
    /// An organization that is no more ends what it owned; its source may address it anew.
    Close,
    /// A timer drops a draft that nobody touched.
    Discard,
}

impl Action {
    /// Every action, those of the API in the order of the contract.
    pub fn all() -> impl Iterator<Item = Self> {
        [Self::Create]
            .into_iter()
            .chain(ReferralAction::ALL.iter().copied().map(Self::Api))
            .chain([Self::Expire, Self::Withdraw, Self::Close, Self::Discard])
    }
}

impl From<ReferralAction> for Action {
    fn from(action: ReferralAction) -> Self {
        Self::Api(action)
    }
}

/// What the guards need to know of a referral.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Facts {
    /// None before the referral exists.
    pub status: Option<ReferralStatus>,
    /// It is addressed to an organization; without one it is open to be claimed.
    pub has_owner: bool,
    /// It names no claimant.
    pub anonymous: bool,
    /// A referral split from it is not closed.
    pub open_children: bool,
    /// A newer referral replaces it.
    pub replaced: bool,
    /// Its source has nothing to do with the claimant whom it names any more: another organization registered the person,
    /// and the source does not own the open referral that this one was split from.
    pub estranged: bool,
}

impl Facts {
    /// The facts of a referral that is about to be created.
    pub const fn of_new() -> Self {
        Self {
            status: None,
            has_owner: false,
            anonymous: false,
            open_children: false,
            replaced: false,
            estranged: false,
        }
    }
}

/// What an action leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Next {
    /// The status of this referral afterwards; after [`Effect::Discarded`] the last it had.
    pub status: ReferralStatus,
    pub effect: Effect,
}

/// What an action does beside or instead of changing the status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Effect {
    /// It takes a new status, or begins to exist.
    Transition,
    /// The claiming organization becomes the owner.
    OwnerTaken,
    /// It is addressed anew; the owner before loses access.
    TargetChanged,
    /// Nothing changes but that the source is asked to address it anew.
    RequestToSource,
    /// A new REQUESTED referral is part of this one, with its claimant.
    ChildCreated,
    /// A new REQUESTED referral replaces this one.
    ReplacementCreated,
    /// The draft ceases to exist.
    Discarded,
    /// What it carries changes; where it stands does not.
    Unchanged,
}

/// Why an action is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Refusal {
    #[error("nobody may do this in this status")]
    WrongStatus,
    #[error("in this status another relation may do this")]
    WrongRelation,
    #[error("nobody owns the referral")]
    NoOwner,
    /// The answer to a claim that came too late.
    #[error("the referral has an owner")]
    AlreadyOwned,
    #[error("a referral split from this one is not closed")]
    OpenChildren,
    #[error("a newer referral replaces this one")]
    AlreadyReplaced,
    #[error("the referral names a claimant")]
    NotAnonymous,
    #[error("the referral names no claimant")]
    Anonymous,
    #[error("the source has nothing to do with the claimant any more")]
    Estranged,
}

/// What follows when a caller in one relation does this, or why it may not.
pub fn next(facts: &Facts, action: Action, by: Relation) -> Result<Next, Refusal> {
    match listed(facts, action, by) {
        Err(Refusal::WrongStatus) if is_listed_for_another(facts, action) => {
            Err(Refusal::WrongRelation)
        }
        Err(Refusal::WrongStatus) => Err(Refusal::WrongStatus),
        // No caller owns what nobody owns, whatever it believes of itself.
        _ if by == Relation::Owner && !facts.has_owner => Err(Refusal::NoOwner),
        answer => answer,
    }
}

/// The actions that a caller in these relations may do now, in the order of the contract.
pub fn available(facts: &Facts, relations: &[Relation]) -> Vec<ReferralAction> {
    let may = |action: ReferralAction| {
        relations
            .iter()
            .any(|by| next(facts, action.into(), *by).is_ok())
    };
    ReferralAction::ALL
        .iter()
        .copied()
        .filter(|action| may(*action))
        .collect()
}

/// The table. What it does not list is refused. It knows one refusal for that, [`Refusal::WrongStatus`]; `next` tells
/// whether another relation is listed.
#[expect(clippy::too_many_lines, reason = "a table is read as a whole")]
fn listed(facts: &Facts, action: Action, by: Relation) -> Result<Next, Refusal> {
    use Action::{Api, Close, Create, Discard, Expire, Withdraw};
    use ReferralAction as Do;
    use ReferralStatus::{
        Accepted, Cancelled, Completed, Draft, EnteredInError, Failed, InProgress, OnHold,
        Rejected, Requested,
    };
    use Relation::{EligibleProvider, Ministry, Owner, Source, System};

    match (facts.status, action, by) {
        (None, Create, Source) => become_status(Draft),
        (None | Some(Draft), Api(Do::Send), Source) => become_status(Requested),
        (Some(status @ Draft), Discard, System) => stay(status, Effect::Discarded),

        (Some(status @ Requested), Api(Do::Claim), EligibleProvider) => {
            refuse_if(facts.has_owner, Refusal::AlreadyOwned)?;
            stay(status, Effect::OwnerTaken)
        }
        (Some(status @ Requested), Api(Do::Reroute), Source) => stay(status, Effect::TargetChanged),
        (Some(status @ Requested), Api(Do::Reroute), Ministry) => {
            stay(status, Effect::RequestToSource)
        }
        (Some(Requested), Api(Do::Accept), Owner) => become_status(Accepted),
        (Some(Requested), Api(Do::Decline), Owner) => become_status(Rejected),
        (Some(Requested), Api(Do::Cancel), Source) | (Some(Requested), Expire, System) => {
            become_status(Cancelled)
        }

        (Some(Accepted), Api(Do::Start), Owner) | (Some(OnHold), Api(Do::Resume), Owner) => {
            become_status(InProgress)
        }
        (Some(Accepted | InProgress), Api(Do::Hold), Owner) => become_status(OnHold),
        // The child has its parent's claimant: while the parent is anonymous, so is the child.
        (Some(status @ (Accepted | InProgress)), Api(Do::Split), Owner) => {
            stay(status, Effect::ChildCreated)
        }

        (Some(Accepted | InProgress | OnHold), Api(Do::Complete), Owner) => {
            refuse_if(facts.open_children, Refusal::OpenChildren)?;
            become_status(Completed)
        }
        (Some(Accepted | InProgress | OnHold), Api(Do::Fail), Owner) => become_status(Failed),
        (Some(Accepted | InProgress | OnHold), Api(Do::Cancel), Source | Owner) => {
            become_status(Cancelled)
        }
        (Some(Requested | Accepted | InProgress | OnHold), Withdraw, System) => {
            // It depends on nobody's consent.
            refuse_if(facts.anonymous, Refusal::Anonymous)?;
            become_status(Cancelled)
        }
        (Some(Requested | Accepted | InProgress | OnHold), Close, System) => {
            refuse_if(!facts.has_owner, Refusal::NoOwner)?;
            become_status(Cancelled)
        }

        (Some(status @ Completed), Api(Do::RecordOutcome), Owner) => {
            stay(status, Effect::Unchanged)
        }
        (Some(status @ (Rejected | Cancelled | Failed)), Api(Do::Resubmit), Source) => {
            refuse_if(facts.replaced, Refusal::AlreadyReplaced)?;
            // Whoever names the claimant anew must have the right to name the person now.
            refuse_if(facts.estranged, Refusal::Estranged)?;
            stay(status, Effect::ReplacementCreated)
        }
        (Some(status), Api(Do::Void), Source) if status != EnteredInError => {
            become_status(EnteredInError)
        }

        (Some(status @ (Draft | Requested)), Api(Do::Update), Source) => {
            stay(status, Effect::Unchanged)
        }
        (Some(status), Api(Do::LinkClaimant), Source) if !is_terminal(status) => {
            refuse_if(!facts.anonymous, Refusal::NotAnonymous)?;
            stay(status, Effect::Unchanged)
        }
        (Some(status), Api(Do::SetPriority), Source) if !is_terminal(status) => {
            stay(status, Effect::Unchanged)
        }
        // A draft exists for its source alone: nobody else has anything to do with it.
        (Some(status), Api(Do::SetPriority), Ministry) if is_sent(status) => {
            stay(status, Effect::Unchanged)
        }
        (Some(status), Api(Do::Assign | Do::SetSubStatus), Owner) if is_sent(status) => {
            stay(status, Effect::Unchanged)
        }

        _ => Err(Refusal::WrongStatus),
    }
}

fn is_listed_for_another(facts: &Facts, action: Action) -> bool {
    Relation::ALL
        .iter()
        .any(|by| listed(facts, action, *by) != Err(Refusal::WrongStatus))
}

const fn become_status(status: ReferralStatus) -> Result<Next, Refusal> {
    Ok(Next {
        status,
        effect: Effect::Transition,
    })
}

const fn stay(status: ReferralStatus, effect: Effect) -> Result<Next, Refusal> {
    Ok(Next { status, effect })
}

const fn refuse_if(hindered: bool, refusal: Refusal) -> Result<(), Refusal> {
    if hindered { Err(refusal) } else { Ok(()) }
}

/// Sent and not closed.
const fn is_sent(status: ReferralStatus) -> bool {
    !matches!(status, ReferralStatus::Draft) && !is_terminal(status)
}

/// Whether a referral in this status is closed for good. There is no reopening.
pub const fn is_terminal(status: ReferralStatus) -> bool {
    matches!(phase(status), ReferralPhase::Closed)
}

/// The phase to which a status belongs.
pub const fn phase(status: ReferralStatus) -> ReferralPhase {
    match status {
        ReferralStatus::Draft => ReferralPhase::Draft,
        ReferralStatus::Requested => ReferralPhase::Waiting,
        ReferralStatus::Accepted | ReferralStatus::InProgress => ReferralPhase::Active,
        ReferralStatus::OnHold => ReferralPhase::Paused,
        ReferralStatus::Rejected
        | ReferralStatus::Completed
        | ReferralStatus::Failed
        | ReferralStatus::Cancelled
        | ReferralStatus::EnteredInError => ReferralPhase::Closed,
    }
}

/// The statuses that make up a phase.
pub fn statuses_of(wanted: ReferralPhase) -> Vec<ReferralStatus> {
    ReferralStatus::ALL
        .iter()
        .copied()
        .filter(|status| phase(*status) == wanted)
        .collect()
}
