//! What services ask of whoever is referred to them. Rules are public, as services are. The ministry writes rules about
//! any fact and for any service; an organization writes rules for its own services, about nothing that is sealed.
use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use entity::{
    AgeBand, ClaimStage, EligibilityCondition, EligibilityFact, EligibilityRuleId, JournalKind,
    RegionId, ServiceId, SubjectType, eligibility_rule, organization, region, service,
};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, EntityTrait, IntoActiveModel, PaginatorTrait,
    QueryFilter, QueryOrder, QuerySelect, prelude::Uuid, sea_query::LockType,
};
use serde::Serialize;

use super::{
    Applied, Change, Readable, Session, Unit,
    claimant::{check_text, is_language},
    directory::EligibilityRules,
    everything,
    journal::Entry,
    update::Update,
};
use crate::{
    domain::{
        business_days::toronto_date,
        eligibility::{fact, has_ended, is_sealed},
    },
    error::{Problem, Refusal, Result},
    viewer::Viewer,
};

/// How many rules one service has at most that have not ended.
const MOST: usize = 50;
/// How many values a condition names at most.
const MOST_VALUES: usize = 50;
/// Ten years.
const MOST_DAYS: i32 = 3_650;

impl Readable for eligibility_rule::Entity {
    fn visible_to(_: &Viewer, _: DateTime<Utc>) -> Condition {
        everything()
    }
}

/// What a rule asks, as a form gives it: a fact with what goes with it, and nothing that goes with another.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Asked {
    pub fact: Option<EligibilityFact>,
    pub stages: Option<Vec<ClaimStage>>,
    pub valid_for_days: Option<i32>,
    pub age_from: Option<i32>,
    pub age_to: Option<i32>,
    /// Of the level.
    pub language: Option<String>,
    pub level: Option<i32>,
    pub age_bands: Option<Vec<AgeBand>>,
    pub regions: Option<Vec<RegionId>>,
    pub languages: Option<Vec<String>>,
}

/// `eligibilityRuleSave`: a new rule of a service, or with an id a change of one.
#[derive(Clone, Debug, Serialize)]
pub struct SaveRule {
    pub service: ServiceId,
    pub id: Option<EligibilityRuleId>,
    pub expected_version: Option<i32>,
    pub asked: Asked,
    pub reason_en: Option<String>,
    pub reason_fr: Option<String>,
    pub source_url: Update<String>,
    pub valid_from: Option<NaiveDate>,
    pub valid_to: Update<NaiveDate>,
}

fn refuse<T>(problem: Problem, path: &str) -> Result<T> {
    Err(Refusal::at(problem, path).into())
}

/// Some values, each once, in their order.
fn several<T: Clone + Ord>(values: Option<&Vec<T>>, path: &str) -> Result<Vec<T>> {
    let mut values = values.cloned().unwrap_or_default();
    values.sort_unstable();
    values.dedup();
    match values.len() {
        0 => refuse(Problem::Required, path),
        1..=MOST_VALUES => Ok(values),
        _ => refuse(Problem::TooMany { limit: MOST_VALUES }, path),
    }
}

fn ranged(value: i32, from: i32, to: i32, path: &str) -> Result<i32> {
    if (from..=to).contains(&value) {
        return Ok(value);
    }
    let (from, to) = (from.into(), to.into());
    refuse(Problem::OutOfRange { from, to }, path)
}

impl From<&EligibilityCondition> for Asked {
    fn from(condition: &EligibilityCondition) -> Self {
        let mut asked = Self {
            fact: Some(fact(condition)),
            ..Self::default()
        };
        match condition.clone() {
            EligibilityCondition::Stage { stages } => asked.stages = Some(stages),
            EligibilityCondition::WorkAuthorization { valid_for_days }
            | EligibilityCondition::SocialInsurance { valid_for_days } => {
                asked.valid_for_days = Some(valid_for_days);
            }
            EligibilityCondition::Age { from, to } => {
                (asked.age_from, asked.age_to) = (from, to);
            }
            EligibilityCondition::LanguageLevel { language, level } => {
                (asked.language, asked.level) = (Some(language), Some(level));
            }
            EligibilityCondition::AgeBand { bands } => asked.age_bands = Some(bands),
            EligibilityCondition::Region { regions } => asked.regions = Some(regions),
            EligibilityCondition::Language { languages } => asked.languages = Some(languages),
        }
        asked
    }
}

impl Asked {
    /// Each part that is given, with the facts with which it goes.
    fn parts(&self) -> [(&'static str, bool, &'static [EligibilityFact]); 9] {
        use EligibilityFact::{
            Age, AgeBand, Language, LanguageLevel, Region, SocialInsurance, Stage,
            WorkAuthorization,
        };
        [
            ("stages", self.stages.is_some(), &[Stage]),
            (
                "validForDays",
                self.valid_for_days.is_some(),
                &[WorkAuthorization, SocialInsurance],
            ),
            ("ageFrom", self.age_from.is_some(), &[Age]),
            ("ageTo", self.age_to.is_some(), &[Age]),
            ("language", self.language.is_some(), &[LanguageLevel]),
            ("languageLevel", self.level.is_some(), &[LanguageLevel]),
            ("ageBands", self.age_bands.is_some(), &[AgeBand]),
            ("regionIds", self.regions.is_some(), &[Region]),
            ("languages", self.languages.is_some(), &[Language]),
        ]
    }

    /// The condition; none where nothing is said of it.
    fn condition(&self) -> Result<Option<EligibilityCondition>> {
        let parts = self.parts();
        let Some(fact) = self.fact else {
            return match parts.iter().any(|(_, given, _)| *given) {
                true => refuse(Problem::Required, "fact"),
                false => Ok(None),
            };
        };
        let astray = parts
            .iter()
            .find(|(_, given, facts)| *given && !facts.contains(&fact));
        match astray {
            Some((path, ..)) => refuse(Problem::Invalid, path),
            None => self.about(fact).map(Some),
        }
    }

    fn about(&self, fact: EligibilityFact) -> Result<EligibilityCondition> {
        let days = || {
            ranged(
                self.valid_for_days.unwrap_or(0),
                0,
                MOST_DAYS,
                "validForDays",
            )
        };
        Ok(match fact {
            EligibilityFact::Stage => EligibilityCondition::Stage {
                stages: several(self.stages.as_ref(), "stages")?,
            },
            EligibilityFact::WorkAuthorization => EligibilityCondition::WorkAuthorization {
                valid_for_days: days()?,
            },
            EligibilityFact::SocialInsurance => EligibilityCondition::SocialInsurance {
                valid_for_days: days()?,
            },
            EligibilityFact::Age => self.age()?,
            EligibilityFact::LanguageLevel => self.language_level()?,
            EligibilityFact::AgeBand => EligibilityCondition::AgeBand {
                bands: several(self.age_bands.as_ref(), "ageBands")?,
            },
            EligibilityFact::Region => EligibilityCondition::Region {
                regions: several(self.regions.as_ref(), "regionIds")?,
            },
            EligibilityFact::Language => {
                let languages = several(self.languages.as_ref(), "languages")?;
                if !languages.iter().all(|code| is_language(code)) {
                    return refuse(Problem::Invalid, "languages");
                }
                EligibilityCondition::Language { languages }
            }
        })
    }

    fn age(&self) -> Result<EligibilityCondition> {
        let (from, to) = (self.age_from, self.age_to);
        if from.is_none() && to.is_none() {
            return refuse(Problem::Required, "ageFrom");
        }
        for (age, path) in [(from, "ageFrom"), (to, "ageTo")] {
            age.map(|age| ranged(age, 0, 120, path)).transpose()?;
        }
        match (from, to) {
            (Some(from), Some(to)) if from > to => refuse(Problem::Invalid, "ageTo"),
            _ => Ok(EligibilityCondition::Age { from, to }),
        }
    }

    fn language_level(&self) -> Result<EligibilityCondition> {
        let Some(language) = self.language.clone() else {
            return refuse(Problem::Required, "language");
        };
        if !is_language(&language) {
            return refuse(Problem::Invalid, "language");
        }
        match self.level {
            None => refuse(Problem::Required, "languageLevel"),
            Some(level) => Ok(EligibilityCondition::LanguageLevel {
                language,
                level: ranged(level, 1, 12, "languageLevel")?,
            }),
        }
    }
}

impl SaveRule {
    fn check(&self) -> Result<()> {
        check_text(self.reason_en.as_ref(), 500, "reasonEn")?;
        check_text(self.reason_fr.as_ref(), 500, "reasonFr")?;
        check_text(self.source_url.value(), 2_000, "sourceUrl")?;
        let source = self.source_url.value();
        let is_page = |text: &String| {
            let scheme = url::Url::parse(text).ok();
            scheme.is_some_and(|url| matches!(url.scheme(), "https" | "http"))
        };
        match source {
            Some(source) if !is_page(source) => refuse(Problem::Invalid, "sourceUrl"),
            Some(_) | None => Ok(()),
        }
    }

    /// The rule as it is; a new one has no version yet.
    async fn current(
        &self,
        unit: &Unit<'_>,
        condition: Option<&EligibilityCondition>,
    ) -> Result<eligibility_rule::Model> {
        let Some(id) = self.id else {
            let Some(condition) = condition else {
                return refuse(Problem::Required, "fact");
            };
            return Ok(eligibility_rule::Model {
                id: EligibilityRuleId(Uuid::now_v7()),
                service_id: self.service,
                organization_id: unit.session.viewer().organization(),
                condition: condition.clone(),
                reason_en: String::new(),
                reason_fr: String::new(),
                source_url: None,
                valid_from: toronto_date(unit.session.now),
                valid_to: None,
                created_at: unit.session.now,
                updated_at: unit.session.now,
                version: 0,
            });
        };
        let rule = unit
            .find::<eligibility_rule::Entity>()
            .filter(eligibility_rule::Column::Id.eq(id))
            .filter(eligibility_rule::Column::ServiceId.eq(self.service))
            .one()
            .await?
            .ok_or_else(|| Refusal::at(Problem::NotFound, "id"))?;
        match self.expected_version {
            Some(version) if version != rule.version => {
                Err(Refusal::at(Problem::StaleVersion, "expectedVersion")
                    .with_current_version(rule.version)
                    .into())
            }
            _ => Ok(rule),
        }
    }

    fn write(&self, rule: &mut eligibility_rule::Model) -> Result<()> {
        rule.reason_en = self.reason_en.clone().unwrap_or(rule.reason_en.clone());
        rule.reason_fr = self.reason_fr.clone().unwrap_or(rule.reason_fr.clone());
        for (text, path) in [(&rule.reason_en, "reasonEn"), (&rule.reason_fr, "reasonFr")] {
            if text.is_empty() {
                return refuse(Problem::Required, path);
            }
        }
        self.source_url.clone().apply(&mut rule.source_url);
        rule.valid_from = self.valid_from.unwrap_or(rule.valid_from);
        self.valid_to.clone().apply(&mut rule.valid_to);
        match rule.valid_to {
            Some(last) if last < rule.valid_from => refuse(Problem::Invalid, "validTo"),
            Some(_) | None => Ok(()),
        }
    }
}

impl Change for SaveRule {
    const MUTATION: &'static str = "eligibilityRuleSave";

    async fn apply(&self, unit: &mut Unit<'_>) -> Result<Applied> {
        self.check()?;
        let condition = self.asked.condition()?;
        let service = unit.ruled_service(self.service).await?;
        let mut rule = self.current(unit, condition.as_ref()).await?;
        if let Some(condition) = condition {
            unit.check_regions(&condition).await?;
            rule.condition = condition;
        }
        demand_writer(unit.session.viewer(), &rule)?;
        self.write(&mut rule)?;
        if !has_ended(&rule, toronto_date(unit.session.now)) {
            unit.refuse_many(&rule).await?;
        }
        let read = rule.version;
        rule.organization_id = unit.session.viewer().organization();
        rule.updated_at = unit.session.now;
        rule.version += 1;
        unit.write_rule(rule, read).await?;
        let kind = JournalKind::EligibilityRuleSaved;
        let entry = Entry::new(kind, SubjectType::Service, service.id, 0);
        let organization = unit.session.viewer().organization();
        unit.record(entry.told([service.organization_id, organization]));
        Ok(Applied::new(service.id, service.version))
    }
}

/// Whoever receives referrals asks nothing that is sealed, and changes nothing that the ministry wrote.
fn demand_writer(viewer: &Viewer, rule: &eligibility_rule::Model) -> Result<()> {
    match viewer {
        Viewer::Ministry { .. } => Ok(()),
        Viewer::Provider { organization, .. } | Viewer::SettlementAgency { organization } => {
            if is_sealed(fact(&rule.condition)) {
                return refuse(Problem::SealedFact, "fact");
            }
            match rule.organization_id == *organization {
                true => Ok(()),
                false => refuse(Problem::RoleNotAllowed, "id"),
            }
        }
    }
}

impl Unit<'_> {
    /// A service for which the caller writes rules: any of the ministry's region, or its own. Nobody else writes rules of
    /// it meanwhile.
    async fn ruled_service(&self, id: ServiceId) -> Result<service::Model> {
        let of = match self.session.viewer() {
            Viewer::Ministry { region: None, .. } => everything(),
            Viewer::Ministry {
                region: Some(region),
                ..
            } => service::Column::OrganizationId
                .in_subquery(
                    self.find::<organization::Entity>()
                        .filter(organization::Column::RegionId.eq(*region))
                        .select(|select| select.select_only().column(organization::Column::Id))
                        .into_subquery(),
                )
                .into(),
            Viewer::Provider { organization, .. } | Viewer::SettlementAgency { organization } => {
                service::Column::OrganizationId.eq(*organization).into()
            }
        };
        self.find::<service::Entity>()
            .filter(service::Column::Id.eq(id))
            .filter(of)
            .select(|select| select.lock(LockType::NoKeyUpdate))
            .one()
            .await?
            .ok_or_else(|| Refusal::at(Problem::NotFound, "serviceId").into())
    }

    async fn check_regions(&self, condition: &EligibilityCondition) -> Result<()> {
        let EligibilityCondition::Region { regions } = condition else {
            return Ok(());
        };
        let found = self
            .find::<region::Entity>()
            .filter(region::Column::Id.is_in(regions.iter().copied()))
            .all()
            .await?;
        match found.len() == regions.len() {
            true => Ok(()),
            false => refuse(Problem::NotFound, "regionIds"),
        }
    }

    /// Refuses one rule too many beside those of the service that have not ended.
    async fn refuse_many(&self, rule: &eligibility_rule::Model) -> Result<()> {
        let others = self
            .find::<eligibility_rule::Entity>()
            .filter(eligibility_rule::Column::ServiceId.eq(rule.service_id))
            .filter(eligibility_rule::Column::Id.ne(rule.id))
            .filter(not_ended(toronto_date(self.session.now)))
            .select
            .count(&self.work)
            .await?;
        match others < MOST as u64 {
            true => Ok(()),
            false => refuse(Problem::TooMany { limit: MOST }, "serviceId"),
        }
    }

    async fn write_rule(&self, rule: eligibility_rule::Model, read: i32) -> Result<()> {
        let id = rule.id;
        let row = rule.into_active_model().reset_all();
        if read == 0 {
            row.insert(&self.work).await?;
            return Ok(());
        }
        let changed = eligibility_rule::Entity::update_many()
            .set(row)
            .filter(eligibility_rule::Column::Id.eq(id))
            .filter(eligibility_rule::Column::Version.eq(read))
            .exec(&self.work)
            .await?;
        match changed.rows_affected {
            1 => Ok(()),
            _ => refuse(Problem::StaleVersion, "expectedVersion"),
        }
    }
}

fn not_ended(today: NaiveDate) -> Condition {
    Condition::any()
        .add(eligibility_rule::Column::ValidTo.is_null())
        .add(eligibility_rule::Column::ValidTo.gte(today))
}

impl Session {
    /// What each of `services` asks now and is to ask, in the order in which it was written.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn eligibility_rules(
        &self,
        services: &[ServiceId],
    ) -> Result<HashMap<ServiceId, Vec<eligibility_rule::Model>>> {
        let today = toronto_date(self.now);
        let keys: Vec<_> = services.iter().copied().map(EligibilityRules).collect();
        let read = async |missing: Vec<EligibilityRules>| {
            let rows = self
                .find::<eligibility_rule::Entity>()
                .filter(eligibility_rule::Column::ServiceId.is_in(missing.iter().map(|key| key.0)))
                .filter(not_ended(today))
                .select(|select| select.order_by_asc(eligibility_rule::Column::Id))
                .all()
                .await?;
            // Most services ask nothing, which is worth remembering.
            let mut found: HashMap<_, Vec<_>> =
                missing.into_iter().map(|key| (key, Vec::new())).collect();
            for row in rows {
                let of = EligibilityRules(row.service_id);
                found.entry(of).or_default().push(row);
            }
            Ok(found)
        };
        let found = self.remembered_or(&keys, read).await?;
        Ok(found
            .into_iter()
            .map(|(of, mut rules)| {
                // A day may have passed since they were read.
                rules.retain(|rule| !has_ended(rule, today));
                (of.0, rules)
            })
            .collect())
    }

    /// What a service asks, if it is remembered.
    pub fn eligibility_rules_remembered(
        &self,
        service: ServiceId,
    ) -> Option<Vec<eligibility_rule::Model>> {
        let today = toronto_date(self.now);
        let mut rules = self.remembered(EligibilityRules(service))?;
        rules.retain(|rule| !has_ended(rule, today));
        Some(rules)
    }
}
