//! Reports: counts and nothing else.
use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use entity::{
    Language, NeedCategory, OrganizationKind, ReferralPriority, ReferralStatus,
    ReferralStatusReason, ReportDimension, ReportMeasure,
};

use super::{
    context::{OrAnswer, Resolver},
    scalar::{Date, DateTime},
};
use crate::{message::code::Labelled, store::report};

/// A period of days in America/Toronto, both ends included. For the ministry it is widened to whole months.
#[derive(InputObject)]
pub struct ReportPeriodInput {
    from: Date,
    to: Date,
}

/// What to count.
#[derive(InputObject)]
pub struct ReferralReportInput {
    /// By creation. For the ministry it is widened to whole months in America/Toronto: to the first day of the month in
    /// which it begins, and the last of that in which it ends.
    period: ReportPeriodInput,
    /// One to four dimensions, each once. The ministry counts by PRIORITY and OWNER_KIND beside neither LANGUAGE nor the
    /// measures CLAIMANTS and NEEDS: BAD_USER_INPUT.
    group_by: Vec<ReportDimension>,
    /// Referrals, unless something else is asked for.
    measure: Option<ReportMeasure>,
    region_id: Option<ID>,
    category: Option<Vec<NeedCategory>>,
    status: Option<Vec<ReferralStatus>>,
}

/// Counts of referrals by when they were created. An organization's own are exact. The ministry counts whole months, and
/// no cell under five is told nor listed. Any other is put together from parts: of each month, and of each category and
/// each status where these are asked for by a list. A part of five or more is told as up to two more or less, a smaller one
/// as none or five, always the same for the same referrals; a total is put together likewise and need not be the sum of
/// what is told. Who is referred in several months counts in the first, and once for each category and status of a list.
/// Where languages, claimants or needs are asked for, the counts are those of the last midnight, statuses and reasons too.
/// To the ministry the reason CONSENT_WITHDRAWN is OTHER.
#[derive(SimpleObject)]
pub struct ReferralReport {
    as_of: DateTime,
    /// The cells whose count is told.
    rows: Vec<ReferralReportRow>,
    /// How many cells are withheld, as far as that may be told: 0. Those that are withheld are not listed.
    suppressed: i32,
    /// Null where it is withheld: for the ministry, where there is nothing, or too little to be told.
    total: Option<i32>,
}

/// One cell.
#[derive(SimpleObject)]
pub struct ReferralReportRow {
    keys: Vec<ReportKey>,
    count: Option<i32>,
    /// Whether the count is withheld: never, since such a cell is not listed.
    suppressed: bool,
}

/// What a cell is of, in one dimension.
pub struct ReportKey {
    dimension: ReportDimension,
    value: String,
    region: Option<(String, String)>,
}

#[Object]
impl ReportKey {
    async fn dimension(&self) -> ReportDimension {
        self.dimension
    }

    /// A code, a region's code, or a month as YYYY-MM; empty where it is not known.
    async fn value(&self) -> &str {
        &self.value
    }

    /// The label, in the language of the answer unless another is asked for.
    async fn label(&self, context: &Context<'_>, language: Option<Language>) -> String {
        self.label_in(language.unwrap_or(context.language()))
    }
}

fn label<T: std::str::FromStr + Labelled>(value: &str, language: Language) -> Option<String> {
    let code: T = value.parse().ok()?;
    Some(code.label(language).to_owned())
}

impl ReportKey {
    fn label_in(&self, language: Language) -> String {
        let value = self.value.as_str();
        if value.is_empty() {
            return match language {
                Language::En => "Not known",
                Language::Fr => "Inconnu",
            }
            .to_owned();
        }
        let found = match self.dimension {
            ReportDimension::Status => label::<ReferralStatus>(value, language),
            ReportDimension::Category => label::<NeedCategory>(value, language),
            ReportDimension::Priority => label::<ReferralPriority>(value, language),
            ReportDimension::SourceKind | ReportDimension::OwnerKind => {
                label::<OrganizationKind>(value, language)
            }
            ReportDimension::Reason => label::<ReferralStatusReason>(value, language),
            ReportDimension::Region => {
                self.region.clone().map(|(english, french)| match language {
                    Language::En => english,
                    Language::Fr => french,
                })
            }
            ReportDimension::Month
            | ReportDimension::Language
            | ReportDimension::Catchment
            | ReportDimension::Week
            | ReportDimension::Outcome => None,
        };
        found.unwrap_or_else(|| value.to_owned())
    }
}

fn number(count: i64) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

pub(super) async fn referral_report(
    context: &Context<'_>,
    input: ReferralReportInput,
) -> Result<ReferralReport> {
    let question = report::Question {
        from: input.period.from.0,
        to: input.period.to.0,
        group_by: input.group_by,
        measure: input.measure.unwrap_or(ReportMeasure::Referrals),
        region: input.region_id.map(|id| context.row(&id)),
        categories: input.category,
        statuses: input.status,
    };
    let found = context
        .session()
        .referral_report(&question)
        .await
        .or_answer(context)?;
    let rows = found
        .rows
        .into_iter()
        .map(|row| ReferralReportRow {
            suppressed: false,
            count: Some(number(row.count)),
            keys: row
                .keys
                .into_iter()
                .zip(&question.group_by)
                .map(|(value, dimension)| {
                    key(*dimension, value.unwrap_or_default(), &found.regions)
                })
                .collect(),
        })
        .collect();
    Ok(ReferralReport {
        as_of: DateTime(found.as_of),
        rows,
        suppressed: i32::try_from(found.suppressed).unwrap_or(i32::MAX),
        total: found.total.map(number),
    })
}

fn key(
    dimension: ReportDimension,
    value: String,
    regions: &std::collections::BTreeMap<String, (String, String)>,
) -> ReportKey {
    match dimension {
        // The first day of the month stands for it.
        ReportDimension::Month => ReportKey {
            dimension,
            value: value.chars().take(7).collect(),
            region: None,
        },
        ReportDimension::Region
        | ReportDimension::Status
        | ReportDimension::Category
        | ReportDimension::Catchment
        | ReportDimension::Week
        | ReportDimension::Priority
        | ReportDimension::SourceKind
        | ReportDimension::OwnerKind
        | ReportDimension::Outcome
        | ReportDimension::Reason
        | ReportDimension::Language => ReportKey {
            region: regions.get(&value).cloned(),
            dimension,
            value,
        },
    }
}
