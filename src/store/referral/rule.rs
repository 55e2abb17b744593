//! Which referrals, outcomes, messages and appointments a viewer may see.
use chrono::{DateTime, Utc};
use entity::{
    AccessGroup, OrganizationId, ReferralBox, ReferralId, ReferralStatus, RegionId, ServiceStatus,
    appointment, message, outcome, referral, referral_also_for, service, service_category,
    service_language, service_region,
};
use sea_orm::{
    ColumnTrait, Condition, DbBackend, EntityTrait, JoinType, QueryFilter, QuerySelect, Select,
    Statement,
    sea_query::{Alias, Expr, ExprTrait, Query, SelectStatement, SimpleExpr},
};

use super::{
    super::{
        Readable, Reading, Session, Visible, everything,
        exclusion::not_excluded,
        grant::in_force,
        kept::Kept,
        literal, nothing,
        page::{FIRST, Order, Slice, first_ids, with_literal_limit},
    },
    also_for::known_in_it,
};
use crate::{error::Result, viewer::Viewer};

/// The referrals of which an organization is a party, or whose claimant it registered; none of somebody who excludes
/// it. A draft is its source's alone.
pub(in crate::store) fn party(organization: OrganizationId) -> Condition {
    use referral::Column;
    let parties = Condition::any()
        .add(Column::SourceId.eq(organization))
        .add(owned(organization))
        .add(
            Condition::all()
                .add(Column::RegisteringOrganizationId.eq(organization))
                .add(Column::Status.ne(ReferralStatus::Draft)),
        );
    Condition::all()
        .add(parties)
        .add(not_excluded(organization))
}

/// The referrals that an organization owns, while its access lasts.
fn owned(organization: OrganizationId) -> Condition {
    use referral::Column;
    Condition::all()
        .add(Column::OwnerId.eq(organization))
        // Written out: with a parameter PostgreSQL takes these for rare, and sorts what an index has in order.
        .add(Expr::col((referral::Entity, Column::OwnerAccess)).eq(Expr::Constant(true.into())))
        .add(
            Expr::col((referral::Entity, Column::Status))
                .ne(Expr::Constant(ReferralStatus::Draft.as_str().into())),
        )
}

/// What makes a box, whoever may see it.
fn of_box(which: ReferralBox, organization: OrganizationId) -> Condition {
    use referral::Column;
    match which {
        ReferralBox::Inbox => owned(organization),
        ReferralBox::Outbox => Column::SourceId.eq(organization).into(),
        ReferralBox::Open => open_to(organization).add(Column::SourceId.ne(organization)),
        ReferralBox::All => everything(),
    }
}

/// The rule of a box: it is a part of what the viewer may see, so that the database need not look for the other parts.
fn seen_in_box(which: ReferralBox, viewer: &Viewer, now: DateTime<Utc>) -> Condition {
    let whole = || referral::Entity::visible_to(viewer, now);
    match viewer {
        // Both must hold: added to the rule itself, the box would widen one that begins with `any`.
        Viewer::Ministry { .. } => Condition::all()
            .add(whole())
            .add(of_box(which, viewer.organization())),
        Viewer::Provider { organization, .. } | Viewer::SettlementAgency { organization } => {
            match which {
                ReferralBox::Inbox | ReferralBox::Outbox => {
                    of_box(which, *organization).add(not_excluded(*organization))
                }
                ReferralBox::Open => of_box(which, *organization),
                ReferralBox::All => whole(),
            }
        }
    }
}

/// One of the lists that a box is made of.
#[derive(Clone)]
pub(super) enum Part {
    Whole(Condition),
    /// The open ones that a service of an organization fits, which have an order by category.
    Open(OrganizationId, Condition),
}

impl Part {
    /// The rule of its rows.
    pub(super) fn rule(&self) -> &Condition {
        match self {
            Self::Whole(rule) | Self::Open(_, rule) => rule,
        }
    }

    /// The ids of its first rows: of the rows `narrowed` from its rule.
    pub(super) fn first_ids(
        &self,
        narrowed: Select<referral::Entity>,
        (order, slice): (&Order, &Slice),
        backend: DbBackend,
    ) -> SelectStatement {
        match self {
            Self::Open(organization, _) if backend == DbBackend::Postgres => {
                let [served, first] = ["served", FIRST].map(Alias::new);
                let category = (served.clone(), service_category::Column::Category);
                let of_category = narrowed.filter(
                    Expr::col((referral::Entity, referral::Column::Category)).equals(category),
                );
                Query::select()
                    .column((first.clone(), referral::Column::Id))
                    .from_subquery(categories_of(*organization), served)
                    .join_lateral(
                        JoinType::InnerJoin,
                        first_ids(of_category, order, slice),
                        first,
                        Expr::value(true),
                    )
                    .to_owned()
            }
            Self::Open(..) | Self::Whole(_) => first_ids(narrowed, order, slice),
        }
    }
}

/// The lists that a box is made of, each of which an index has in order.
fn parts_of(
    which: ReferralBox,
    viewer: &Viewer,
    now: DateTime<Utc>,
    regions: &[RegionId],
) -> Vec<Part> {
    let whole = || vec![Part::Whole(seen_in_box(which, viewer, now))];
    let open = |organization| Part::Open(organization, of_box(ReferralBox::Open, organization));
    match viewer {
        Viewer::Ministry {
            region: None,
            oversight: true,
            ..
        } => match which {
            ReferralBox::All => of_each_region(viewer, now, regions),
            ReferralBox::Inbox | ReferralBox::Open | ReferralBox::Outbox => whole(),
        },
        Viewer::Ministry {
            oversight: false, ..
        }
        | Viewer::Ministry {
            region: Some(_), ..
        } => whole(),
        Viewer::Provider { organization, .. } | Viewer::SettlementAgency { organization } => {
            match which {
                ReferralBox::Inbox | ReferralBox::Outbox => whole(),
                ReferralBox::Open => vec![open(*organization)],
                // Its own open requests are among those of which it is the source.
                ReferralBox::All => of_party(*organization)
                    .into_iter()
                    .chain([open(*organization)])
                    .collect(),
            }
        }
    }
}

/// What the ministry sees, by region, and of none.
fn of_each_region(viewer: &Viewer, now: DateTime<Utc>, regions: &[RegionId]) -> Vec<Part> {
    use referral::Column;
    let of = |region: SimpleExpr| {
        let seen = Condition::all().add(referral::Entity::visible_to(viewer, now));
        Part::Whole(seen.add(region))
    };
    let named = regions.iter().map(|id| of(Column::RegionId.eq(*id)));
    named.chain([of(Column::RegionId.is_null())]).collect()
}

/// What [`party`] says, one part for each way of being one.
fn of_party(organization: OrganizationId) -> [Part; 3] {
    [
        referral::Column::SourceId.eq(organization).into(),
        owned(organization),
        registered(organization),
    ]
    .map(|part: Condition| Part::Whole(part.add(not_excluded(organization))))
}

/// The referrals whose claimant an organization registered and another refers: of its own it is the source.
fn registered(organization: OrganizationId) -> Condition {
    use referral::Column;
    let other = Expr::col((referral::Entity, Column::RegisteringOrganizationId))
        .ne(Expr::col((referral::Entity, Column::SourceId)));
    Condition::all()
        .add(Column::RegisteringOrganizationId.eq(organization))
        .add(other)
        .add(Column::Status.ne(ReferralStatus::Draft))
}

/// The categories of an organization's active services.
fn categories_of(organization: OrganizationId) -> SelectStatement {
    Query::select()
        .distinct()
        .column((service_category::Entity, service_category::Column::Category))
        .from(service_category::Entity)
        .inner_join(
            service::Entity,
            Expr::col((service::Entity, service::Column::Id)).equals((
                service_category::Entity,
                service_category::Column::ServiceId,
            )),
        )
        .and_where(service::Column::OrganizationId.eq(organization))
        .and_where(service::Column::Status.eq(ServiceStatus::Active))
        .to_owned()
}

impl Session {
    /// The lists of which a box that the caller may see is made.
    pub(super) async fn parts_of_box(&self, which: ReferralBox) -> Result<Vec<Part>> {
        if self.leaves_rules_out() {
            let bare = of_box(which, self.viewer().organization());
            return Ok(vec![Part::Whole(bare)]);
        }
        let regions: Vec<RegionId> = match self.viewer() {
            Viewer::Ministry { .. } => self.region_list().await?.iter().map(|row| row.id).collect(),
            Viewer::Provider { .. } | Viewer::SettlementAgency { .. } => Vec::new(),
        };
        Ok(parts_of(which, self.viewer(), self.now, &regions))
    }

    /// The referrals of a box that the caller may see.
    pub(super) fn in_box(&self, which: ReferralBox) -> Visible<'_, referral::Entity, Reading> {
        let rule = if self.leaves_rules_out() {
            of_box(which, self.viewer().organization())
        } else {
            seen_in_box(which, self.viewer(), self.now)
        };
        Visible::new(rule, self.reader())
    }
}

/// The statement that reads one referral by its id, if the caller may see it.
pub(super) fn by_id(session: &Session, id: ReferralId) -> Statement {
    static BY_ID: Kept = Kept::new();
    BY_ID.statement(session, id.0, |session, id| {
        let select = referral::Entity::find()
            .filter(referral::Entity::visible_to(session.viewer(), session.now))
            .filter(referral::Column::Id.eq(id))
            .limit(1);
        with_literal_limit(session.backend(), &select)
    })
}

/// The open referrals that an active service of the organization fits, by category, region and language.
pub(super) fn open_to(organization: OrganizationId) -> Condition {
    use referral::Column;
    Condition::all()
        // Written out: a parameter would hide from PostgreSQL that an index holds these alone.
        .add(
            Expr::col((referral::Entity, Column::Status))
                .eq(literal(ReferralStatus::Requested.as_str())),
        )
        .add(Column::OwnerId.is_null())
        .add(Expr::exists(
            fitting_services(organization)
                .expr(Expr::value(1))
                .to_owned(),
        ))
        .add(not_excluded(organization))
}

/// Rows of a table of a service's places or languages, for the service at hand.
fn of_service(entity: impl EntityTrait, column: impl ColumnTrait) -> SelectStatement {
    Query::select()
        .expr(Expr::value(1))
        .from(entity)
        .and_where(Expr::col((entity, column)).equals((service::Entity, service::Column::Id)))
        .to_owned()
}

/// The condition that a referral's value is not known, or that the service names none, or names this one.
fn fits(
    value: referral::Column,
    named: &SelectStatement,
    same: (impl EntityTrait, impl ColumnTrait),
) -> Condition {
    let this_one = named
        .clone()
        .and_where(Expr::col(same).equals((referral::Entity, value)))
        .to_owned();
    Condition::any()
        .add(Expr::col((referral::Entity, value)).is_null())
        .add(Expr::exists(named.clone()).not())
        .add(Expr::exists(this_one))
}

/// The requests without an owner that an organization was told of, whoever its services speak with, and whomever the
/// claimant excludes: the feed tells them by category and region.
pub(in crate::store) fn told_openly_to(organization: OrganizationId) -> Condition {
    use referral::Column;
    let served = services_there(organization).expr(Expr::value(1)).to_owned();
    Condition::all()
        .add(Column::Status.eq(ReferralStatus::Requested))
        .add(Column::OwnerId.is_null())
        .add(Expr::exists(served))
}

/// The organization's active services that fit the referral at hand, by category, region and language.
pub(super) fn fitting_services(organization: OrganizationId) -> SelectStatement {
    let languages = of_service(
        service_language::Entity,
        service_language::Column::ServiceId,
    );
    let speaks = fits(
        referral::Column::Language,
        &languages,
        (service_language::Entity, service_language::Column::Language),
    );
    services_there(organization)
        // An interpreter bridges what the service does not speak.
        .cond_where(
            speaks.add(Expr::col((referral::Entity, referral::Column::InterpreterNeeded)).eq(true)),
        )
        .to_owned()
}

/// The organization's active services for the category and the region of the referral at hand.
fn services_there(organization: OrganizationId) -> SelectStatement {
    let regions = of_service(service_region::Entity, service_region::Column::ServiceId);
    let category = (service_category::Entity, service_category::Column::Category);
    Query::select()
        .from(service::Entity)
        .inner_join(
            service_category::Entity,
            Expr::col((
                service_category::Entity,
                service_category::Column::ServiceId,
            ))
            .equals((service::Entity, service::Column::Id)),
        )
        .and_where(service::Column::OrganizationId.eq(organization))
        .and_where(service::Column::Status.eq(ServiceStatus::Active))
        .and_where(Expr::col(category).equals((referral::Entity, referral::Column::Category)))
        .cond_where(fits(
            referral::Column::RegionId,
            &regions,
            (service_region::Entity, service_region::Column::RegionId),
        ))
        .to_owned()
}

impl Readable for referral::Entity {
    fn visible_to(viewer: &Viewer, _: DateTime<Utc>) -> Condition {
        match viewer {
            Viewer::Provider { organization, .. } | Viewer::SettlementAgency { organization } => {
                Condition::any()
                    .add(party(*organization))
                    .add(open_to(*organization))
            }
            Viewer::Ministry {
                oversight: false, ..
            } => nothing(),
            Viewer::Ministry {
                oversight: true,
                region,
                ..
            } => {
                let sent = Condition::all().add(referral::Column::Status.ne(ReferralStatus::Draft));
                match region {
                    Some(region) => sent.add(referral::Column::RegionId.eq(*region)),
                    None => sent,
                }
            }
        }
    }
}

/// What became of somebody is seen by whom the person is: of the claimant by the parties, of another in the referral by
/// those who know that person in it.
impl Readable for outcome::Entity {
    fn visible_to(viewer: &Viewer, now: DateTime<Utc>) -> Condition {
        match viewer {
            Viewer::Ministry { .. } => nothing(),
            Viewer::Provider { organization, .. } | Viewer::SettlementAgency { organization } => {
                let outcome = |column| Expr::col((outcome::Entity, column));
                let known = Query::select()
                    .expr(Expr::value(1))
                    .from(referral_also_for::Entity)
                    .and_where(outcome(outcome::Column::ReferralId).equals((
                        referral_also_for::Entity,
                        referral_also_for::Column::ReferralId,
                    )))
                    .and_where(outcome(outcome::Column::ClaimantId).equals((
                        referral_also_for::Entity,
                        referral_also_for::Column::ClaimantId,
                    )))
                    .cond_where(known_in_it(viewer, now))
                    .to_owned();
                let of_party = Query::select()
                    .expr(Expr::value(1))
                    .from(referral::Entity)
                    .and_where(
                        outcome(outcome::Column::ReferralId)
                            .equals((referral::Entity, referral::Column::Id)),
                    )
                    .cond_where(party(*organization))
                    .cond_where(
                        Condition::any()
                            .add(owned(*organization))
                            .add(knows_whom_it_sent(viewer, now)),
                    )
                    .cond_where(
                        Condition::any()
                            .add(outcome(outcome::Column::ClaimantId).is_null())
                            .add(
                                outcome(outcome::Column::ClaimantId)
                                    .equals((referral::Entity, referral::Column::ClaimantId)),
                            )
                            .add(Expr::exists(known)),
                    )
                    .to_owned();
                Condition::all().add(Expr::exists(of_party))
            }
        }
    }
}

/// The viewer registered the claimant of the referral at hand; or sent it, and knows whom it sent: nobody yet, or a person
/// of whom a grant tells it still. A source that passed on what it was asked for is no party to it once the person wishes
/// that no more.
fn knows_whom_it_sent(viewer: &Viewer, now: DateTime<Utc>) -> Condition {
    use referral::Column;
    let organization = viewer.organization();
    let presence = &[AccessGroup::Presence];
    Condition::any()
        .add(Column::RegisteringOrganizationId.eq(organization))
        .add(
            Condition::all().add(Column::SourceId.eq(organization)).add(
                Condition::any()
                    .add(Column::RegisteringOrganizationId.is_null())
                    .add(in_force(Column::ClaimantId, viewer, presence, now)),
            ),
        )
}

/// What stands between the parties of a referral is read by each from its own tenure on: by the source and by whoever
/// registered the claimant from the beginning, by an owner since it owns. Of a referral that should never have been, nobody
/// reads any.
fn of_own_tenure<E: EntityTrait>(
    viewer: &Viewer,
    now: DateTime<Utc>,
    referral_id: E::Column,
    written_at: E::Column,
) -> Condition {
    use referral::Column;
    let organization = match viewer {
        Viewer::Ministry { .. } => return nothing(),
        Viewer::Provider { organization, .. } | Viewer::SettlementAgency { organization } => {
            *organization
        }
    };
    let own = |column| Expr::col((E::default(), column));
    let of_referral = |column| Expr::col((referral::Entity, column));
    let in_tenure = Condition::any().add(knows_whom_it_sent(viewer, now)).add(
        Condition::all()
            .add(Column::OwnerId.eq(organization))
            .add(own(written_at).gte(of_referral(Column::OwnerSince))),
    );
    let of_party = Query::select()
        .expr(Expr::value(1))
        .from(referral::Entity)
        .and_where(own(referral_id).equals((referral::Entity, Column::Id)))
        .and_where(Column::Status.ne(ReferralStatus::EnteredInError))
        .cond_where(party(organization))
        .cond_where(in_tenure)
        .to_owned();
    Condition::all().add(Expr::exists(of_party))
}

impl Readable for message::Entity {
    fn visible_to(viewer: &Viewer, now: DateTime<Utc>) -> Condition {
        use message::Column;
        of_own_tenure::<Self>(viewer, now, Column::ReferralId, Column::ReferralVersion)
    }
}

impl Readable for appointment::Entity {
    fn visible_to(viewer: &Viewer, now: DateTime<Utc>) -> Condition {
        use appointment::Column;
        of_own_tenure::<Self>(viewer, now, Column::ReferralId, Column::ReferralVersion)
    }
}
