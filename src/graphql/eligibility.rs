//! What services ask of whoever is referred to them, and what would become of a referral.
use async_graphql::{Context, ID, InputObject, Object, Result};
use entity::{
    Access, AgeBand, ClaimStage, EligibilityFact, Language, NeedCategory, YesNoUnknown,
    eligibility_rule,
};

use super::{
    context::{OrAnswer, Resolver, answer},
    directory::{Organization, Region, ServiceCapacity, known_organization, region_of},
    loader::CapacityOf,
    referral::Referral,
    scalar::Date,
};
use crate::{
    domain::eligibility::{Facts, Level, Verdict, Years, fact, is_sealed},
    error::{BadInput, Error},
    store::{
        eligibility::Asked,
        referral::preview::{Person, Planned, Preview},
    },
};

fn reason(
    context: &Context<'_>,
    rule: &eligibility_rule::Model,
    language: Option<Language>,
) -> String {
    match language.unwrap_or(context.language()) {
        Language::En => rule.reason_en.clone(),
        Language::Fr => rule.reason_fr.clone(),
    }
}

/// One thing that a service asks of whoever is referred to it. Public, as the service is; whom it fits is told in a
/// preview to whoever registered the person, and to nobody else.
pub struct EligibilityRule {
    row: eligibility_rule::Model,
    asked: Asked,
}

impl From<eligibility_rule::Model> for EligibilityRule {
    fn from(row: eligibility_rule::Model) -> Self {
        Self {
            asked: Asked::from(&row.condition),
            row,
        }
    }
}

#[Object]
impl EligibilityRule {
    /// Names the rule when it is changed.
    async fn id(&self, context: &Context<'_>) -> ID {
        context.id(self.row.id)
    }

    /// What it asks about. The parts of other facts are null.
    async fn fact(&self) -> EligibilityFact {
        fact(&self.row.condition)
    }

    /// Whether the fact stands in a sealed group of a claimant. The ministry alone writes such rules.
    async fn sealed(&self) -> bool {
        is_sealed(fact(&self.row.condition))
    }

    /// STAGE: one of these.
    async fn stages(&self) -> Option<&[ClaimStage]> {
        self.asked.stages.as_deref()
    }

    /// `WORK_AUTHORIZATION`, `SOCIAL_INSURANCE`: for at least so many days from today.
    async fn valid_for_days(&self) -> Option<i32> {
        self.asked.valid_for_days
    }

    /// AGE: in years, included.
    async fn age_from(&self) -> Option<i32> {
        self.asked.age_from
    }

    /// AGE: in years, included.
    async fn age_to(&self) -> Option<i32> {
        self.asked.age_to
    }

    /// `LANGUAGE_LEVEL`: of which language, ISO 639-3.
    async fn language(&self) -> Option<&str> {
        self.asked.language.as_deref()
    }

    /// `LANGUAGE_LEVEL`: at least this in each skill, CLB or NCLC 1 to 12.
    async fn language_level(&self) -> Option<i32> {
        self.asked.level
    }

    /// `AGE_BAND`: one of these.
    async fn age_bands(&self) -> Option<&[AgeBand]> {
        self.asked.age_bands.as_deref()
    }

    /// REGION: one of these.
    async fn regions(&self, context: &Context<'_>) -> Result<Option<Vec<Region>>> {
        let Some(ids) = &self.asked.regions else {
            return Ok(None);
        };
        let regions = ids.iter().map(|id| region_of(context, Some(*id)));
        let regions = futures_util::future::try_join_all(regions).await?;
        Ok(Some(regions.into_iter().flatten().collect()))
    }

    /// LANGUAGE: one of these, ISO 639-3.
    async fn languages(&self) -> Option<&[String]> {
        self.asked.languages.as_deref()
    }

    /// Why, in the language of the answer unless another is asked for.
    async fn reason(&self, context: &Context<'_>, language: Option<Language>) -> String {
        reason(context, &self.row, language)
    }

    /// The public page that says so; null where none is known.
    async fn source_url(&self) -> Option<&str> {
        self.row.source_url.as_deref()
    }

    /// The first day on which it holds, in Toronto.
    async fn valid_from(&self) -> Date {
        Date(self.row.valid_from)
    }

    /// The last day on which it does; null while there is none.
    async fn valid_to(&self) -> Option<Date> {
        self.row.valid_to.map(Date)
    }

    /// Who wrote it last: the service's own organization, or the ministry.
    async fn written_by(&self, context: &Context<'_>) -> Result<Organization> {
        known_organization(context, self.row.organization_id).await
    }

    /// The version to name when the rule is changed.
    async fn version(&self) -> i32 {
        self.row.version
    }
}

/// What is known of somebody who is not named; nothing of it is kept. What is absent is not known.
#[derive(InputObject, Default)]
pub struct EligibilityFactsInput {
    stage: Option<ClaimStage>,
    work_authorized: Option<YesNoUnknown>,
    /// Alone, it says that the person may work until then.
    work_authorization_expires_on: Option<Date>,
    /// In years.
    age: Option<i32>,
    /// Follows from the age where that is given.
    age_band: Option<AgeBand>,
    region_id: Option<ID>,
    /// Which the person speaks, ISO 639-3.
    language: Option<String>,
    /// The lowest of the four skills in that language, CLB or NCLC 1 to 12.
    language_level: Option<i32>,
    /// Whether the social insurance number is of the 900 series. The number itself is never asked for.
    #[graphql(name = "sinSeries9")]
    sin_series_9: Option<bool>,
    /// Alone, it says that the number is of the 900 series: no other expires.
    sin_expires_on: Option<Date>,
}

impl EligibilityFactsInput {
    fn into_facts(self, context: &Context<'_>) -> Facts {
        let until = self.work_authorization_expires_on.map(|date| date.0);
        let work_authorized = match (self.work_authorized, until) {
            (Some(state), _) => state,
            (None, Some(_)) => YesNoUnknown::Yes,
            (None, None) => YesNoUnknown::Unknown,
        };
        let sin_expires_on = self.sin_expires_on.map(|date| date.0);
        let level = self.language_level;
        let levels = self
            .language
            .clone()
            .zip(level)
            .map(|(language, level)| Level {
                language,
                skills: [Some(level); 4],
            });
        let age = self.age.map(Years::exactly);
        Facts {
            stage: self.stage,
            work_authorized,
            work_authorization_expires_on: until,
            sin_series_9: self.sin_series_9.or(sin_expires_on.map(|_| true)),
            sin_expires_on,
            age: age.or(self.age_band.map(Years::of)),
            age_band: age.map_or(self.age_band, Years::band),
            region: self.region_id.map(|id| context.row(&id)),
            language: self.language,
            levels: levels.into_iter().collect(),
        }
    }
}

/// Which referral: of a claimant that the caller's organization registered, or of somebody described by facts; of nobody
/// of whom anything is known where neither is given.
#[derive(InputObject)]
pub struct ReferralPreviewInput {
    claimant_id: Option<ID>,
    facts: Option<EligibilityFactsInput>,
    category: NeedCategory,
    service_id: ID,
    /// As for `referralCreate`.
    acknowledge_duplicate: Option<bool>,
}

/// What would become of a referral. Nothing is sent, kept or told to anybody.
pub struct ReferralPreview(Preview);

pub(super) async fn referral_preview(
    context: &Context<'_>,
    input: ReferralPreviewInput,
) -> Result<ReferralPreview> {
    let person = match (input.claimant_id, input.facts) {
        (Some(_), Some(_)) => {
            return Err(answer(context, Error::BadInput(BadInput::ClaimantOrFacts)));
        }
        (Some(id), None) => Person::Claimant(context.row(&id)),
        (None, facts) => Person::Stated(Box::new(facts.unwrap_or_default().into_facts(context))),
    };
    let planned = Planned {
        person,
        category: input.category,
        service: context.row(&input.service_id),
        acknowledge_duplicate: input.acknowledge_duplicate.unwrap_or_default(),
    };
    let preview = context.session().referral_preview(planned).await;
    Ok(ReferralPreview(preview.or_answer(context)?))
}

#[Object]
impl ReferralPreview {
    /// Whether `referralCreate` would send it with the same input: the service is active, consent covers its organization
    /// and the need, and no duplicate stands against it that is not acknowledged. Eligibility does not count: it is for the
    /// sender to weigh. Of somebody not named, only the service counts; the five facts are still to be given.
    async fn can_send(&self) -> bool {
        self.0.can_send
    }

    /// Whether the person meets what the service asks. Of a claimant, reading it discloses the groups that a rule asks
    /// about.
    async fn eligibility(&self, context: &Context<'_>) -> Result<EligibilityResult> {
        let verdict = context.session().eligibility(&self.0).await;
        Ok(EligibilityResult(verdict.or_answer(context)?))
    }

    /// Whether the service can take one more person; null where that was never said.
    async fn capacity(&self, context: &Context<'_>) -> Result<Option<ServiceCapacity>> {
        let found = context.loaders().one(CapacityOf(self.0.service.id)).await;
        let now = context.session().now();
        Ok(found
            .or_answer(context)?
            .map(|row| ServiceCapacity::of(row, now)))
    }

    /// What the person's consents say of it; ANONYMOUS where nobody is named.
    async fn consent(&self) -> Access {
        self.0.consent
    }

    /// The caller's own open referrals of the person for this need, newest first, at most 20.
    async fn duplicates(&self, context: &Context<'_>) -> Result<Vec<Referral>> {
        let loaders = context.loaders();
        let found = self.0.duplicates.iter().map(|id| loaders.one(*id));
        let found = futures_util::future::try_join_all(found).await;
        let found = found.or_answer(context)?;
        Ok(found.into_iter().flatten().map(Referral::from).collect())
    }
}

/// What the rules of a service that are in force say of somebody.
pub struct EligibilityResult(Verdict);

#[Object]
impl EligibilityResult {
    /// NO where a rule is not met, UNKNOWN where it is not known whether one is, else YES: also where nothing is asked.
    async fn eligible(&self) -> YesNoUnknown {
        self.0.eligible
    }

    /// The rules that are not met.
    async fn failed(&self) -> Vec<EligibilityReason> {
        self.0
            .failed
            .iter()
            .cloned()
            .map(EligibilityReason)
            .collect()
    }

    /// The rules of which nobody knows whether they are met.
    async fn unknown(&self) -> Vec<EligibilityReason> {
        self.0
            .unknown
            .iter()
            .cloned()
            .map(EligibilityReason)
            .collect()
    }
}

/// Why somebody is not eligible, or may not be.
pub struct EligibilityReason(eligibility_rule::Model);

#[Object]
impl EligibilityReason {
    /// What the rule asks about: a value of `EligibilityFact`.
    async fn code(&self) -> &str {
        fact(&self.0.condition).as_str()
    }

    /// What the service asks and why, in the language of the answer unless another is asked for.
    async fn message(&self, context: &Context<'_>, language: Option<Language>) -> String {
        reason(context, &self.0, language)
    }

    /// The public page that says so; null where none is known.
    async fn source_url(&self) -> Option<&str> {
        self.0.source_url.as_deref()
    }
}
