//! Counts of referrals. The ministry's are of whole months and protected by `domain::disclosure_control`, and what it
//! counts by facts of claimants is as of the last midnight. An organization's own are exact.
use std::collections::BTreeMap;

use chrono::{DateTime, Datelike, Days, Months, NaiveDate, Utc};
use entity::{
    NeedCategory, ReferralStatus, ReferralStatusReason, RegionId, ReportDimension, ReportMeasure,
    claimant_link, organization, referral, region,
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbBackend, EntityTrait, QueryFilter, QuerySelect,
    QueryTrait,
    sea_query::{Alias, Expr, ExprTrait, Func, IntoIden, Query, SelectStatement, SimpleExpr},
};

use super::Session;
use crate::{
    domain::{
        business_days::{toronto_date, toronto_midnight},
        disclosure_control::{Part, told},
    },
    error::{BadInput, Error, Result},
    viewer::Viewer,
};

/// The most rows that a report gives.
const MOST_ROWS: usize = 5_000;

/// The most parts of cells that are put together.
const MOST_PARTS: u64 = 100_000;

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

/// What a cell is of.
type Keys = Vec<Option<String>>;

/// A cell as it is counted.
type Cell = (Keys, Vec<Part>);

/// One cell: what it is of, and how many.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub keys: Keys,
    pub count: i64,
}

/// The cells that are told, how many are withheld, and the total, which is protected like a cell. Where there is none,
/// nothing is told: not even of what there would be a cell.
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
/// registering organization alone. The ministry counts it with all that has no reason of its own.
fn told_reason(viewer: &Viewer) -> SimpleExpr {
    use referral::Column;
    let reason = || column(Column::StatusReason);
    match viewer {
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

    /// What is counted, each once in a cell. To the ministry, who is most probably one person counts once, whichever
    /// organizations registered the person; an organization counts its own records.
    fn record(&self, viewer: &Viewer, as_of: DateTime<Utc>) -> SimpleExpr {
        let claimant = column(referral::Column::ClaimantId);
        match (self.measure, viewer) {
            (ReportMeasure::Referrals, _) => column(referral::Column::Id),
            (ReportMeasure::Needs, _) => column(referral::Column::NeedId),
            (
                ReportMeasure::Claimants,
                Viewer::Provider { .. } | Viewer::SettlementAgency { .. },
            ) => claimant,
            (ReportMeasure::Claimants, Viewer::Ministry { .. }) => {
                let linked = claimant_link::Entity::find()
                    .select_only()
                    .column(claimant_link::Column::LinkId)
                    .filter(
                        Expr::col((claimant_link::Entity, claimant_link::Column::ClaimantId))
                            .eq(claimant.clone()),
                    )
                    .filter(claimant_link::Column::LinkedAt.lte(as_of))
                    .into_query();
                Func::coalesce([Expr::from(linked), claimant]).into()
            }
        }
    }

    /// What the parts of a cell differ by, beside the month: of what is asked for by a list, each code.
    fn parts(&self) -> Vec<SimpleExpr> {
        use referral::Column;
        let category = self.categories.is_some().then(|| column(Column::Category));
        let status = self.statuses.is_some().then(|| column(Column::Status));
        category.into_iter().chain(status).collect()
    }

    /// Whether the answer depends on facts of claimants, which are counted as of the last midnight: asked twice a day,
    /// it must not show who came in between.
    fn is_about_claimants(&self) -> bool {
        self.group_by.contains(&ReportDimension::Language)
            || matches!(
                self.measure,
                ReportMeasure::Claimants | ReportMeasure::Needs
            )
    }
}

/// The name of one column of the records that are counted.
fn name(kind: &str, place: usize) -> String {
    format!("{kind}_{place}")
}

/// Sixteen of the random bits of a record's UUID (RFC 9562 §5.7), which nobody outside is shown, as its key.
fn record_key(backend: DbBackend) -> SimpleExpr {
    Expr::cust(if backend == DbBackend::Postgres {
        "get_byte(uuid_send(record), 14) * 256 + get_byte(uuid_send(record), 15)"
    } else {
        // SQLite has no function for the number of a byte.
        "4096 * instr('123456789ABCDEF', substr(hex(record), 29, 1)) \
         + 256 * instr('123456789ABCDEF', substr(hex(record), 30, 1)) \
         + 16 * instr('123456789ABCDEF', substr(hex(record), 31, 1)) \
         + instr('123456789ABCDEF', substr(hex(record), 32, 1))"
    })
}

impl Session {
    /// Counts referrals by their creation in a period of days of America/Toronto, both ends included; for the ministry in
    /// the months in which these are.
    ///
    /// # Errors
    /// [`Error::BadInput`] for a period or dimensions that cannot be counted.
    pub async fn referral_report(&self, question: &Question) -> Result<Report> {
        let dimensions = question.check(self.viewer())?;
        let question = &match self.viewer() {
            Viewer::Ministry { .. } => question.in_whole_months(),
            Viewer::Provider { .. } | Viewer::SettlementAgency { .. } => question.clone(),
        };
        let as_of = self.as_of(question);
        let cells = self
            .cells(&self.counted(question, &dimensions, as_of))
            .await?;
        let whole = self.cells(&self.counted(question, &[], as_of)).await?;
        let regions = self
            .region_list()
            .await?
            .into_iter()
            .map(|row| (row.code, (row.name_en, row.name_fr)))
            .collect();
        let total = whole.first().and_then(|(_, parts)| self.told(parts));
        let found = cells.len();
        let rows: Vec<Row> = cells
            .into_iter()
            .filter_map(|(keys, parts)| {
                let count = self.told(&parts)?;
                Some(Row { keys, count })
            })
            .collect();
        Ok(Report {
            as_of,
            // How many cells a few have would tell of them.
            suppressed: total.map_or(0, |_| found - rows.len()),
            rows,
            total,
            regions,
        })
    }

    fn as_of(&self, question: &Question) -> DateTime<Utc> {
        match self.viewer() {
            Viewer::Ministry { .. } if question.is_about_claimants() => {
                toronto_midnight(toronto_date(self.now))
            }
            Viewer::Ministry { .. } | Viewer::Provider { .. } | Viewer::SettlementAgency { .. } => {
                self.now
            }
        }
    }

    /// Each record once in each part of a cell, and of each part how many records and the sum of their keys. For an
    /// organization a cell has one part.
    fn counted(
        &self,
        question: &Question,
        dimensions: &[SimpleExpr],
        as_of: DateTime<Utc>,
    ) -> SelectStatement {
        let mut records = self
            .asked_for(question, as_of)
            .expr_as(question.record(self.viewer(), as_of), "record")
            .into_query();
        join(&mut records, &question.group_by);
        let mut counted = Query::select();
        let mut names = vec!["record".to_owned()];
        for (place, dimension) in dimensions.iter().enumerate() {
            let key = name("key", place);
            records.expr_as(dimension.clone(), key.clone());
            names.push(key.clone());
            let key = Expr::col(Alias::new(key));
            counted
                .expr(key.clone())
                .add_group_by([key.clone()])
                .order_by_expr(key, sea_orm::Order::Asc);
        }
        match self.viewer() {
            Viewer::Ministry { .. } => {
                for (place, part) in question.parts().into_iter().enumerate() {
                    let part_name = name("part", place);
                    records.expr_as(part, part_name.clone());
                    counted.add_group_by([Expr::col(Alias::new(part_name.clone()))]);
                    names.push(part_name);
                }
                // Who is in several months counts in the first of them.
                let month = Expr::col((referral::Entity, referral::Column::CreatedMonth)).min();
                records.expr_as(month, "month");
                records.add_group_by(names.iter().map(|name| Expr::col(Alias::new(name))));
                counted.add_group_by([Expr::col(Alias::new("month"))]);
            }
            Viewer::Provider { .. } | Viewer::SettlementAgency { .. } => {
                if !matches!(question.measure, ReportMeasure::Referrals) {
                    records.distinct();
                }
            }
        }
        let key = record_key(self.store.database.unscoped.get_database_backend());
        counted
            .expr(Expr::col(Alias::new("record")).count())
            .expr(Func::coalesce([
                key.sum().cast_as("bigint"),
                Expr::value(0_i64),
            ]))
            .from_subquery(records, Alias::new("records"))
            .limit(MOST_PARTS)
            .to_owned()
    }

    /// The referrals that a question is about.
    fn asked_for(
        &self,
        question: &Question,
        as_of: DateTime<Utc>,
    ) -> sea_orm::Select<referral::Entity> {
        let after = question
            .to
            .checked_add_days(Days::new(1))
            .unwrap_or(question.to);
        let mut select = referral::Entity::find()
            .select_only()
            .filter(self.countable())
            .filter(referral::Column::CreatedAt.gte(toronto_midnight(question.from)))
            .filter(referral::Column::CreatedAt.lte(as_of))
            .filter(referral::Column::CreatedAt.lt(toronto_midnight(after)));
        if let Some(region) = question.region {
            select = select.filter(referral::Column::RegionId.eq(region));
        }
        if let Some(categories) = &question.categories {
            select = select.filter(referral::Column::Category.is_in(categories.iter().copied()));
        }
        if let Some(statuses) = &question.statuses {
            select = select.filter(referral::Column::Status.is_in(statuses.iter().copied()));
        }
        select
    }

    /// The cells, each put together from its parts, which come one after another.
    async fn cells(&self, query: &SelectStatement) -> Result<Vec<Cell>> {
        let found = self.store.database.unscoped.query_all(query).await?;
        if found.len() as u64 >= MOST_PARTS {
            return Err(Error::BadInput(BadInput::Dimensions));
        }
        let mut cells: Vec<Cell> = Vec::new();
        for row in found {
            let width = row.column_names().len() - 2;
            let keys = (0..width)
                .map(|place| row.try_get_by_index(place))
                .collect::<std::result::Result<Keys, _>>()?;
            let part = Part {
                count: row.try_get_by_index(width)?,
                key: row.try_get_by_index(width + 1)?,
            };
            match cells.last_mut() {
                Some((last, parts)) if *last == keys => parts.push(part),
                _ => cells.push((keys, vec![part])),
            }
        }
        cells.truncate(MOST_ROWS);
        Ok(cells)
    }

    /// A cell's count, as the caller may be told.
    fn told(&self, parts: &[Part]) -> Option<i64> {
        match self.viewer() {
            Viewer::Provider { .. } | Viewer::SettlementAgency { .. } => {
                Some(parts.iter().map(|part| part.count).sum())
            }
            Viewer::Ministry { .. } => told(parts),
        }
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
                .add(super::exclusion::not_excluded(organization)),
        }
    }
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
