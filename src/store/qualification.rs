//! `qualificationSave` and `languageAbilitySave`: what a person has learned, and how well the person speaks. The
//! registering organization writes them; the groups are kept and opened in `sealed`. What an outcome says of the
//! recognition of a qualification follows here, in the transaction of the outcome.
use chrono::NaiveDate;
use entity::{
    ClaimantId, JournalKind, NeedCategory, OutcomeKind, QualificationId, RecognitionStatus,
    SubjectType, claimant, referral,
};
use sea_orm::{EntityTrait, prelude::Uuid};
use serde::Serialize;

use super::{
    Applied, Change, Unit,
    claimant::{check_text, is_language},
    journal::Entry,
    sealed::{LanguageAbility, Qualification},
    update::Update,
};
use crate::{
    domain::{
        business_days::toronto_date,
        qualification::{is_noc_code, recognition_after},
    },
    error::{Problem, Refusal, Result},
};

/// `qualificationSave`: a new qualification, or with an id a change of one.
#[derive(Clone, Debug, Serialize)]
pub struct SaveQualification {
    pub claimant: ClaimantId,
    pub id: Option<QualificationId>,
    pub noc_code: Update<String>,
    pub title: String,
    pub years: Update<i32>,
    pub country: Update<String>,
    pub level: Update<String>,
    pub recognition: Option<RecognitionStatus>,
    pub regulator: Update<String>,
}

/// `languageAbilitySave`: a person has one for each language.
#[derive(Clone, Debug, Serialize)]
pub struct SaveLanguageAbility {
    pub claimant: ClaimantId,
    pub language: String,
    pub listening: Update<i32>,
    pub speaking: Update<i32>,
    pub reading: Update<i32>,
    pub writing: Update<i32>,
    pub assessed_on: Update<NaiveDate>,
}

/// How many qualifications, and how many languages, one person has at most.
const MOST: usize = 50;

fn check_range(value: Option<&i32>, from: i64, to: i64, path: &str) -> Result<()> {
    match value {
        Some(value) if !(from..=to).contains(&i64::from(*value)) => {
            Err(Refusal::at(Problem::OutOfRange { from, to }, path).into())
        }
        Some(_) | None => Ok(()),
    }
}

impl SaveQualification {
    fn check(&self) -> Result<()> {
        check_text(Some(&self.title), 200, "title")?;
        check_text(self.country.value(), 100, "country")?;
        check_text(self.level.value(), 200, "level")?;
        check_text(self.regulator.value(), 200, "regulator")?;
        check_range(self.years.value(), 0, 80, "years")?;
        if self.noc_code.value().is_some_and(|code| !is_noc_code(code)) {
            return Err(Refusal::at(Problem::Invalid, "nocCode").into());
        }
        Ok(())
    }

    fn write(&self, qualification: &mut Qualification) {
        qualification.title.clone_from(&self.title);
        self.noc_code.clone().apply(&mut qualification.noc_code);
        self.years.clone().apply(&mut qualification.years);
        self.country.clone().apply(&mut qualification.country);
        self.level.clone().apply(&mut qualification.level);
        self.regulator.clone().apply(&mut qualification.regulator);
        qualification.recognition = self.recognition.unwrap_or(qualification.recognition);
    }
}

impl Change for SaveQualification {
    const MUTATION: &'static str = "qualificationSave";

    async fn apply(&self, unit: &mut Unit<'_>) -> Result<Applied> {
        self.check()?;
        let claimant = unit.registered(self.claimant).await?;
        let mut all = unit.own_qualifications(claimant.id).await?;
        match self.id {
            Some(id) => {
                let known = all.iter_mut().find(|known| known.id == id);
                self.write(known.ok_or_else(|| Refusal::at(Problem::NotFound, "id"))?);
            }
            None if all.len() >= MOST => {
                return Err(Refusal::at(Problem::TooMany { limit: MOST }, "title").into());
            }
            None => {
                let mut fresh = Qualification {
                    id: QualificationId(Uuid::now_v7()),
                    noc_code: None,
                    title: String::new(),
                    years: None,
                    country: None,
                    level: None,
                    recognition: RecognitionStatus::NotStarted,
                    regulator: None,
                };
                self.write(&mut fresh);
                all.push(fresh);
            }
        }
        let key = unit.data_key(claimant.id).await?;
        unit.put_qualifications(&key, claimant.id, &all).await?;
        Ok(unit.saved(&claimant, JournalKind::QualificationSaved))
    }
}

impl SaveLanguageAbility {
    fn check(&self, today: NaiveDate) -> Result<()> {
        if !is_language(&self.language) {
            return Err(Refusal::at(Problem::Invalid, "language").into());
        }
        for (path, level) in [
            ("listening", &self.listening),
            ("speaking", &self.speaking),
            ("reading", &self.reading),
            ("writing", &self.writing),
        ] {
            check_range(level.value(), 1, 12, path)?;
        }
        if self.assessed_on.value().is_some_and(|date| *date > today) {
            return Err(Refusal::at(Problem::InFuture, "assessedOn").into());
        }
        Ok(())
    }

    fn write(&self, ability: &mut LanguageAbility) {
        self.listening.clone().apply(&mut ability.listening);
        self.speaking.clone().apply(&mut ability.speaking);
        self.reading.clone().apply(&mut ability.reading);
        self.writing.clone().apply(&mut ability.writing);
        self.assessed_on.clone().apply(&mut ability.assessed_on);
    }
}

impl Change for SaveLanguageAbility {
    const MUTATION: &'static str = "languageAbilitySave";

    async fn apply(&self, unit: &mut Unit<'_>) -> Result<Applied> {
        self.check(toronto_date(unit.session.now))?;
        let claimant = unit.registered(self.claimant).await?;
        let mut all = unit.own_language_abilities(claimant.id).await?;
        let count = all.len();
        match all.iter_mut().find(|known| known.language == self.language) {
            Some(known) => self.write(known),
            None if count >= MOST => {
                return Err(Refusal::at(Problem::TooMany { limit: MOST }, "language").into());
            }
            None => {
                let mut fresh = LanguageAbility {
                    language: self.language.clone(),
                    listening: None,
                    speaking: None,
                    reading: None,
                    writing: None,
                    assessed_on: None,
                };
                self.write(&mut fresh);
                all.push(fresh);
            }
        }
        let key = unit.data_key(claimant.id).await?;
        unit.put_language_abilities(&key, claimant.id, &all).await?;
        Ok(unit.saved(&claimant, JournalKind::LanguageAbilitySaved))
    }
}

impl Unit<'_> {
    /// A claimant whose sealed documents the caller's organization may write: the one that it registered. Nobody else
    /// writes them meanwhile.
    pub(super) async fn registered(&self, id: ClaimantId) -> Result<claimant::Model> {
        self.locked_registered_claimant(id, "claimantId").await
    }

    /// Lets the recognition of a claimant's qualification follow the outcomes of a referral that is about recognition,
    /// where it is sure which one is meant. Whoever recorded them learns nothing of it: it is told to the registering
    /// organization alone.
    pub(super) async fn recognition_follows(
        &mut self,
        referral: &referral::Model,
        outcomes: &[OutcomeKind],
    ) -> Result<()> {
        let Some(id) = referral
            .claimant_id
            .filter(|_| referral.category == NeedCategory::CredentialRecognition)
        else {
            return Ok(());
        };
        let erased = self.lock_claimant(id).await?;
        let claimant = claimant::Entity::find_by_id(id).one(&self.work).await?;
        let Some(claimant) = claimant.filter(|_| !erased) else {
            return Ok(());
        };
        let mut all = self.unscoped_qualifications(id).await?;
        let mut moved = false;
        for outcome in outcomes {
            let known: Vec<_> = all.iter().map(|known| known.recognition).collect();
            if let Some((place, recognition)) = recognition_after(*outcome, &known)
                && let Some(meant) = all.get_mut(place)
            {
                meant.recognition = recognition;
                moved = true;
            }
        }
        if moved {
            let key = self.data_key(id).await?;
            self.put_qualifications(&key, id, &all).await?;
            self.saved(&claimant, JournalKind::QualificationSaved);
        }
        Ok(())
    }

    fn saved(&mut self, claimant: &claimant::Model, kind: JournalKind) -> Applied {
        let entry = Entry::new(kind, SubjectType::Claimant, claimant.id, claimant.version);
        self.record(entry.told([claimant.registering_organization_id]));
        Applied::new(claimant.id, claimant.version)
    }
}
