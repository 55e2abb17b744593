//! What a report counts: which referrals, by what, as of when. What the ministry asks by facts of claimants is answered as
//! it was at the last midnight, whatever has become of a referral since.
use chrono::{DateTime, Datelike, Days, Months, NaiveDate, Utc};
use entity::{
    NeedCategory, ReferralStatus, ReferralStatusReason, RegionId, ReportDimension, ReportMeasure,
    claimant_link, journal_entry, organization, referral, region,
};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, JoinType, QueryFilter, QueryOrder, QuerySelect,
    QueryTrait, Select,
    sea_query::{Alias, DynIden, Expr, ExprTrait, Func, IntoIden, SelectStatement, SimpleExpr},
};

use crate::{
    domain::business_days::{toronto_date, toronto_midnight},
    error::{BadInput, Error, Result},
    store::exclusion::not_excluded,
    viewer::Viewer,
};

/// What to count.
#[derive(Clone, Debug)]
pub struct Question {
    pub from: NaiveDate,
    pub to: NaiveDate,
    pub group_by: Vec<ReportDimension>,
    pub measure: ReportMeasure,
    pub region: Option<RegionId>,
    pub categories: Option<Vec<NeedCategory>>,
    pub statuses: Option<Vec<ReferralStatus>>,
}

fn column(column: referral::Column) -> SimpleExpr {
    Expr::col((referral::Entity, column))
}

fn source() -> DynIden {
    Alias::new("source").into_iden()
}

fn owner() -> DynIden {
    Alias::new("owner").into_iden()
}

impl Question {
    fn check(&self) -> Result<()> {
        if self.from > self.to || (self.to - self.from).num_days() > 3_660 {
            return Err(Error::BadInput(BadInput::Period));
        }
        let distinct = self
            .group_by
            .iter()
            .enumerate()
            .all(|(place, dimension)| !self.group_by[..place].contains(dimension));
        if self.group_by.is_empty() || self.group_by.len() > 4 || !distinct {
            return Err(Error::BadInput(BadInput::Dimensions));
        }
        Ok(())
    }

    /// The same of whole months: asked day by day, a cell would be of one referral, whose day oversight tells.
    fn in_whole_months(&self) -> Self {
        let first = |day: NaiveDate| day.with_day(1).unwrap_or(day);
        let next = first(self.to).checked_add_months(Months::new(1));
        Self {
            from: first(self.from),
            to: next.and_then(|day| day.pred_opt()).unwrap_or(self.to),
            ..self.clone()
        }
    }

    /// Whether the answer depends on facts of claimants.
    fn is_about_claimants(&self) -> bool {
        self.group_by.contains(&ReportDimension::Language)
            || matches!(
                self.measure,
                ReportMeasure::Claimants | ReportMeasure::Needs
            )
    }
}

/// A question as it is counted: for whom, and as of when.
pub(super) struct Basis<'v> {
    pub(super) question: Question,
    pub(super) as_of: DateTime<Utc>,
    viewer: &'v Viewer,
    /// Whether what has happened since must not show: asked twice a day, an answer would tell of whoever it happened to.
    past: bool,
}

impl<'v> Basis<'v> {
    /// # Errors
    /// [`Error::BadInput`] for a period or dimensions that cannot be counted.
    pub(super) fn of(question: &Question, viewer: &'v Viewer, now: DateTime<Utc>) -> Result<Self> {
        question.check()?;
        Ok(match viewer {
            Viewer::Ministry { .. } if question.is_about_claimants() => Self {
                question: question.in_whole_months(),
                as_of: toronto_midnight(toronto_date(now)),
                viewer,
                past: true,
            },
            Viewer::Ministry { .. } => Self {
                question: question.in_whole_months(),
                as_of: now,
                viewer,
                past: false,
            },
            Viewer::Provider { .. } | Viewer::SettlementAgency { .. } => Self {
                question: question.clone(),
                as_of: now,
                viewer,
                past: false,
            },
        })
    }

    /// The expressions of the dimensions.
    ///
    /// # Errors
    /// [`Error::BadInput`] for a dimension that is not counted live, or whose state at midnight nothing keeps.
    pub(super) fn dimensions(&self) -> Result<Vec<SimpleExpr>> {
        let dimensions = self.question.group_by.iter();
        dimensions
            .map(|dimension| {
                self.dimension(*dimension)
                    .ok_or(Error::BadInput(BadInput::DimensionNotCounted))
            })
            .collect()
    }

    fn dimension(&self, dimension: ReportDimension) -> Option<SimpleExpr> {
        use referral::Column;
        Some(match dimension {
            ReportDimension::Status => self.status(),
            ReportDimension::Category => column(Column::Category),
            ReportDimension::Region => Expr::col((region::Entity, region::Column::Code)),
            ReportDimension::Month => column(Column::CreatedMonth).cast_as("text"),
            ReportDimension::SourceKind => Expr::col((source(), organization::Column::Kind)),
            ReportDimension::Priority | ReportDimension::OwnerKind if self.past => return None,
            ReportDimension::Priority => column(Column::Priority),
            ReportDimension::OwnerKind => Expr::col((owner(), organization::Column::Kind)),
            ReportDimension::Reason => self.told_reason(),
            ReportDimension::Language => column(Column::Language),
            ReportDimension::Catchment | ReportDimension::Week | ReportDimension::Outcome => {
                return None;
            }
        })
    }

    fn status(&self) -> SimpleExpr {
        self.as_it_was(referral::Column::Status, journal_entry::Column::ToStatus)
    }

    /// What a referral's state is, or was if that is past: as the last change of status told it that the journal had then.
    /// One of which the journal knew nothing was not there.
    fn as_it_was(&self, is: referral::Column, was: journal_entry::Column) -> SimpleExpr {
        use journal_entry::Column;
        if !self.past {
            return column(is);
        }
        let at = |column: Column| Expr::col((journal_entry::Entity, column));
        let last = journal_entry::Entity::find()
            .select_only()
            .column(was)
            .filter(at(Column::SubjectId).eq(column(referral::Column::Id)))
            .filter(Column::At.lte(self.as_of))
            .filter(Column::ToStatus.is_not_null())
            .filter(
                Condition::any()
                    .add(Column::FromStatus.is_null())
                    .add(at(Column::FromStatus).ne(at(Column::ToStatus))),
            )
            .order_by_desc(Column::SubjectVersion)
            .order_by_desc(Column::Id)
            .limit(1)
            .into_query();
        let since = column(referral::Column::UpdatedAt).gt(self.as_of);
        Expr::case(since, Expr::from(last))
            .finally(column(is))
            .into()
    }

    /// The reason, as far as the viewer may know it: that a consent was withdrawn is a fact about the person, for the
    /// registering organization alone. The ministry counts it with all that has no reason of its own.
    fn told_reason(&self) -> SimpleExpr {
        use referral::Column;
        let reason = || self.as_it_was(Column::StatusReason, journal_entry::Column::Reason);
        match self.viewer {
            Viewer::Ministry { .. } => {
                let untold = reason().eq(ReferralStatusReason::ConsentWithdrawn);
                Expr::case(untold, ReferralStatusReason::Other)
                    .finally(reason())
                    .into()
            }
            Viewer::Provider { organization, .. } | Viewer::SettlementAgency { organization } => {
                let told = Condition::any()
                    .add(reason().ne(ReferralStatusReason::ConsentWithdrawn))
                    .add(column(Column::RegisteringOrganizationId).eq(*organization));
                Expr::case(told, reason()).into()
            }
        }
    }

    /// What is counted, each once in a cell. To the ministry, who is most probably one person counts once, whichever
    /// organizations registered the person; an organization counts its own records.
    pub(super) fn record(&self) -> SimpleExpr {
        let claimant = || self.since_named(referral::Column::ClaimantId);
        match (self.question.measure, self.viewer) {
            (ReportMeasure::Referrals, _) => column(referral::Column::Id),
            (ReportMeasure::Needs, _) => self.since_named(referral::Column::NeedId),
            (
                ReportMeasure::Claimants,
                Viewer::Provider { .. } | Viewer::SettlementAgency { .. },
            ) => claimant(),
            (ReportMeasure::Claimants, Viewer::Ministry { .. }) => {
                let linked = claimant_link::Entity::find()
                    .select_only()
                    .column(claimant_link::Column::LinkId)
                    .filter(
                        Expr::col((claimant_link::Entity, claimant_link::Column::ClaimantId))
                            .eq(claimant()),
                    )
                    .filter(claimant_link::Column::LinkedAt.lte(self.as_of))
                    .into_query();
                Func::coalesce([Expr::from(linked), claimant()]).into()
            }
        }
    }

    /// A fact that a referral has since its claimant is named; none where that came later.
    fn since_named(&self, fact: referral::Column) -> SimpleExpr {
        if !self.past {
            return column(fact);
        }
        let named = column(referral::Column::LinkedAt);
        let known = Condition::any()
            .add(named.clone().is_null())
            .add(named.lte(self.as_of));
        Expr::case(known, column(fact)).into()
    }

    /// What the parts of a cell differ by, beside the month: of what is asked for by a list, each code.
    pub(super) fn parts(&self) -> Vec<SimpleExpr> {
        let question = &self.question;
        let category = question.categories.is_some();
        let category = category.then(|| column(referral::Column::Category));
        let status = question.statuses.is_some().then(|| self.status());
        category.into_iter().chain(status).collect()
    }

    /// The referrals that are counted.
    pub(super) fn referrals(&self) -> Select<referral::Entity> {
        use referral::Column;
        let question = &self.question;
        let after = question.to.checked_add_days(Days::new(1));
        let after = toronto_midnight(after.unwrap_or(question.to));
        let mut select = referral::Entity::find()
            .select_only()
            .filter(self.countable())
            .filter(Column::CreatedAt.gte(toronto_midnight(question.from)))
            .filter(Column::CreatedAt.lte(self.as_of))
            .filter(Column::CreatedAt.lt(after));
        if let Some(region) = question.region {
            select = select.filter(Column::RegionId.eq(region));
        }
        if let Some(categories) = &question.categories {
            select = select.filter(Column::Category.is_in(categories.iter().copied()));
        }
        if let Some(statuses) = &question.statuses {
            select = select.filter(self.status().is_in(statuses.iter().copied()));
        }
        select
    }

    /// What the caller's numbers are of: everything sent, in its region, for the ministry; its own for others.
    fn countable(&self) -> Condition {
        let organization = self.viewer.organization();
        match self.viewer {
            Viewer::Ministry { region, .. } => {
                let unsent = [ReferralStatus::Draft, ReferralStatus::EnteredInError];
                let sent = Condition::all().add(self.status().is_not_in(unsent));
                match region {
                    Some(region) => sent.add(referral::Column::RegionId.eq(*region)),
                    None => sent,
                }
            }
            Viewer::Provider { .. } | Viewer::SettlementAgency { .. } => Condition::all()
                .add(
                    Condition::any()
                        .add(referral::Column::SourceId.eq(organization))
                        // What became of it after its access ended is not its own to count, but for what it declined.
                        .add(
                            Condition::all()
                                .add(referral::Column::OwnerId.eq(organization))
                                .add(referral::Column::Status.ne(ReferralStatus::Draft))
                                .add(
                                    Condition::any()
                                        .add(referral::Column::OwnerAccess.eq(true))
                                        .add(referral::Column::Status.eq(ReferralStatus::Rejected)),
                                ),
                        ),
                )
                .add(not_excluded(organization)),
        }
    }
}

/// What the dimensions are read from beside the referral.
pub(super) fn join(query: &mut SelectStatement, dimensions: &[ReportDimension]) {
    let by = |alias: DynIden, column_: referral::Column| {
        column(column_).eq(Expr::col((alias, organization::Column::Id)))
    };
    if dimensions.contains(&ReportDimension::Region) {
        query.join(
            JoinType::LeftJoin,
            region::Entity,
            column(referral::Column::RegionId).eq(Expr::col((region::Entity, region::Column::Id))),
        );
    }
    if dimensions.contains(&ReportDimension::SourceKind) {
        query.join_as(
            JoinType::LeftJoin,
            organization::Entity,
            source(),
            by(source(), referral::Column::SourceId),
        );
    }
    if dimensions.contains(&ReportDimension::OwnerKind) {
        query.join_as(
            JoinType::LeftJoin,
            organization::Entity,
            owner(),
            by(owner(), referral::Column::OwnerId),
        );
    }
}
