//! Counts of referrals. The ministry's are protected: no cell under five is told, nor a total from which one could be
//! had. An organization's own are exact.
use std::collections::BTreeMap;

use chrono::{DateTime, Days, NaiveDate, Utc};
use entity::{
    NeedCategory, ReferralStatus, ReferralStatusReason, RegionId, ReportDimension, ReportMeasure,
    organization, referral, region,
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect, QueryTrait,
    sea_query::{Alias, Expr, ExprTrait, IntoIden, SimpleExpr},
};

use super::Session;
use crate::{
    domain::business_days::toronto_midnight,
    error::{BadInput, Error, Result},
    viewer::Viewer,
};

/// Cells smaller than this are not told to the ministry.
const SMALLEST: i64 = 5;
/// The most rows that a report gives.
const MOST_ROWS: u64 = 5_000;

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

/// One cell: what it is of, and how many, unless that is withheld.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub keys: Vec<Option<String>>,
    pub count: Option<i64>,
}

/// The cells, how many of them are withheld, and the total where it gives none of those away.
#[derive(Clone, Debug)]
pub struct Report {
    pub as_of: DateTime<Utc>,
    pub rows: Vec<Row>,
    pub suppressed: usize,
    pub total: Option<i64>,
    /// The regions that rows may name: code, English and French name.
    pub regions: BTreeMap<String, (String, String)>,
}

fn column(column: referral::Column) -> SimpleExpr {
    Expr::col((referral::Entity, column))
}

fn source() -> sea_orm::sea_query::DynIden {
    Alias::new("source").into_iden()
}

fn owner() -> sea_orm::sea_query::DynIden {
    Alias::new("owner").into_iden()
}

/// The expression of a dimension; none for those that are not counted live.
fn expression(dimension: ReportDimension, viewer: &Viewer) -> Option<SimpleExpr> {
    use referral::Column;
    Some(match dimension {
        ReportDimension::Status => column(Column::Status),
        ReportDimension::Category => column(Column::Category),
        ReportDimension::Region => Expr::col((region::Entity, region::Column::Code)),
        ReportDimension::Month => column(Column::CreatedMonth).cast_as("text"),
        ReportDimension::Priority => column(Column::Priority),
        ReportDimension::SourceKind => Expr::col((source(), organization::Column::Kind)),
        ReportDimension::OwnerKind => Expr::col((owner(), organization::Column::Kind)),
        ReportDimension::Reason => told_reason(viewer),
        ReportDimension::Language => column(Column::Language),
        ReportDimension::Catchment | ReportDimension::Week | ReportDimension::Outcome => {
            return None;
        }
    })
}

/// The reason, as far as the viewer may know it: that a consent was withdrawn is a fact about the person, for the
/// registering organization alone. The ministry's counts are protected.
fn told_reason(viewer: &Viewer) -> SimpleExpr {
    use referral::Column;
    let reason = || column(Column::StatusReason);
    match viewer {
        Viewer::Ministry { .. } => reason(),
        Viewer::Provider { organization, .. } | Viewer::SettlementAgency { organization } => {
            let told = Condition::any()
                .add(reason().ne(ReferralStatusReason::ConsentWithdrawn))
                .add(column(Column::RegisteringOrganizationId).eq(*organization));
            Expr::case(told, reason()).into()
        }
    }
}

impl Question {
    fn check(&self, viewer: &Viewer) -> Result<Vec<SimpleExpr>> {
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
        self.group_by
            .iter()
            .map(|dimension| {
                expression(*dimension, viewer).ok_or(Error::BadInput(BadInput::DimensionNotCounted))
            })
            .collect()
    }

    fn counted(&self) -> SimpleExpr {
        match self.measure {
            ReportMeasure::Referrals => column(referral::Column::Id).count(),
            ReportMeasure::Claimants => column(referral::Column::ClaimantId).count_distinct(),
            ReportMeasure::Needs => column(referral::Column::NeedId).count_distinct(),
        }
    }
}

impl Session {
    /// Counts referrals by their creation in a period of days of America/Toronto, both ends included.
    ///
    /// # Errors
    /// [`Error::BadInput`] for a period or dimensions that cannot be counted.
    pub async fn referral_report(&self, question: &Question) -> Result<Report> {
        let dimensions = question.check(self.viewer())?;
        let mut select = referral::Entity::find()
            .select_only()
            .filter(self.countable())
            .filter(referral::Column::CreatedAt.gte(toronto_midnight(question.from)))
            .filter(
                referral::Column::CreatedAt.lt(toronto_midnight(
                    question
                        .to
                        .checked_add_days(Days::new(1))
                        .unwrap_or(question.to),
                )),
            );
        if let Some(region) = question.region {
            select = select.filter(referral::Column::RegionId.eq(region));
        }
        if let Some(categories) = &question.categories {
            select = select.filter(referral::Column::Category.is_in(categories.iter().copied()));
        }
        if let Some(statuses) = &question.statuses {
            select = select.filter(referral::Column::Status.is_in(statuses.iter().copied()));
        }
        let width = dimensions.len();
        for (place, dimension) in dimensions.iter().enumerate() {
            select = select.expr_as(dimension.clone(), format!("key_{place}"));
        }
        let mut query = select.expr_as(question.counted(), "counted").into_query();
        join(&mut query, &question.group_by);
        for dimension in dimensions {
            query
                .add_group_by([dimension.clone()])
                .order_by_expr(dimension, sea_orm::Order::Asc);
        }
        query.limit(MOST_ROWS);
        let mut rows = Vec::new();
        for row in self.reader().query_all(&query).await? {
            let keys = (0..width)
                .map(|place| row.try_get_by_index::<Option<String>>(place))
                .collect::<std::result::Result<Vec<_>, _>>()?;
            rows.push(Row {
                keys,
                count: Some(row.try_get_by_index(width)?),
            });
        }
        let regions = self
            .region_list()
            .await?
            .into_iter()
            .map(|row| (row.code, (row.name_en, row.name_fr)))
            .collect();
        Ok(self.protect(rows, regions))
    }

    /// What the caller's numbers are of: everything sent, in its region, for the ministry; its own for others.
    fn countable(&self) -> Condition {
        let organization = self.viewer().organization();
        match self.viewer() {
            Viewer::Ministry { region, .. } => {
                let sent = Condition::all().add(
                    referral::Column::Status
                        .is_not_in([ReferralStatus::Draft, ReferralStatus::EnteredInError]),
                );
                match region {
                    Some(region) => sent.add(referral::Column::RegionId.eq(*region)),
                    None => sent,
                }
            }
            Viewer::Provider { .. } | Viewer::SettlementAgency { .. } => Condition::all()
                .add(
                    Condition::any()
                        .add(referral::Column::SourceId.eq(organization))
                        .add(
                            Condition::all()
                                .add(referral::Column::OwnerId.eq(organization))
                                .add(referral::Column::Status.ne(ReferralStatus::Draft)),
                        ),
                )
                .add(super::exclusion::not_excluded(organization)),
        }
    }

    fn protect(&self, mut rows: Vec<Row>, regions: BTreeMap<String, (String, String)>) -> Report {
        let total: i64 = rows.iter().filter_map(|row| row.count).sum();
        let (mut suppressed, mut hidden) = (0_i64, 0);
        match self.viewer() {
            Viewer::Provider { .. } | Viewer::SettlementAgency { .. } => {}
            Viewer::Ministry { .. } => {
                for row in &mut rows {
                    if let Some(count) = row.count.filter(|count| *count < SMALLEST) {
                        suppressed += 1;
                        hidden += count;
                        row.count = None;
                    }
                }
            }
        }
        let tells_nothing = suppressed == 0 || leaves_open(suppressed, hidden);
        Report {
            as_of: self.now,
            rows,
            suppressed: usize::try_from(suppressed).unwrap_or(usize::MAX),
            total: tells_nothing.then_some(total),
            regions,
        }
    }
}

/// Whether the sum of the withheld cells leaves each of them free to be anything from one up to what is told: five ones
/// add up to five as surely as two fours to eight.
const fn leaves_open(cells: i64, sum: i64) -> bool {
    let largest = SMALLEST - 1;
    let (least, most) = (cells - 1, largest * (cells - 1));
    sum - largest >= least && sum - 1 <= most
}

fn join(query: &mut sea_orm::sea_query::SelectStatement, dimensions: &[ReportDimension]) {
    use sea_orm::JoinType;
    let by = |alias: sea_orm::sea_query::DynIden, column_: referral::Column| {
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Every way in which so many cells could add up.
    fn ways(cells: usize, sum: i64) -> Vec<Vec<i64>> {
        if cells == 0 {
            return if sum == 0 { vec![vec![]] } else { vec![] };
        }
        (1..SMALLEST)
            .flat_map(|first| {
                ways(cells - 1, sum - first)
                    .into_iter()
                    .map(move |mut rest| {
                        rest.push(first);
                        rest
                    })
            })
            .collect()
    }

    #[test]
    fn a_total_is_told_only_where_it_rules_out_no_value_of_any_withheld_cell() {
        for cells in 1..=5 {
            for sum in 1..=20 {
                let possible: std::collections::BTreeSet<i64> = ways(cells, sum)
                    .into_iter()
                    .filter_map(|way| way.last().copied())
                    .collect();
                let open = possible.len() == 4;
                let cells_told = i64::try_from(cells).expect("few");
                assert_eq!(
                    leaves_open(cells_told, sum),
                    open,
                    "{cells} cells, {sum} in all"
                );
            }
        }
    }
}
