//! `referralPreview`: what would become of a referral, without effect. Whom a service asks what about is told of claimants
//! that the caller's own organization registered, or of facts that the caller states itself; nobody else's are read.
use chrono::NaiveDate;
use entity::{
    Access, ClaimantId, EligibilityFact, FieldGroup, NeedCategory, ReferralId, ServiceId, claimant,
    service,
};

use super::{
    super::{Session, disclosure::Opened},
    guard::{Asked, Sending, own_claimant, service},
};
use crate::{
    domain::{
        business_days::toronto_date,
        eligibility::{Facts, Level, Verdict, Years, fact, in_force, judge},
    },
    error::{BadInput, Problem, Refusal, Result},
};

/// About whom a preview is.
#[derive(Clone, Debug)]
pub enum Person {
    /// A claimant that the caller registered.
    Claimant(ClaimantId),
    /// Nobody in particular: what the caller says.
    Stated(Box<Facts>),
}

/// Which referral would be sent.
#[derive(Clone, Debug)]
pub struct Planned {
    pub person: Person,
    pub category: NeedCategory,
    pub service: ServiceId,
    pub acknowledge_duplicate: bool,
}

/// What would become of it.
#[derive(Clone, Debug)]
pub struct Preview {
    about: About,
    pub service: service::Model,
    /// Whether nothing stands against sending it.
    pub can_send: bool,
    pub consent: Access,
    /// The caller's own open referrals of the person for the need, newest first.
    pub duplicates: Vec<ReferralId>,
}

#[derive(Clone, Debug)]
enum About {
    Claimant(Box<claimant::Model>),
    Stated(Box<Facts>),
}

impl Session {
    /// What would become of a referral.
    ///
    /// # Errors
    /// [`BadInput::NothingToPreview`] where the claimant is not one that the caller registered, or the service is not
    /// there: where `referralCreate` is refused without more being looked at.
    pub async fn referral_preview(&self, planned: Planned) -> Result<Preview> {
        let preview = self.look_ahead(planned).await;
        preview.map_err(|error| error.or_refused(|_| BadInput::NothingToPreview.into()))
    }

    async fn look_ahead(&self, planned: Planned) -> Result<Preview> {
        let about = match planned.person {
            Person::Claimant(id) => {
                About::Claimant(Box::new(own_claimant(self, id, "claimantId").await?))
            }
            Person::Stated(facts) => {
                if let Some(region) = facts.region
                    && self.region_list_by_id(&[region]).await?.is_empty()
                {
                    return Err(Refusal::at(Problem::NotFound, "facts.regionId").into());
                }
                About::Stated(facts)
            }
        };
        let service = service(self, planned.service, "serviceId").await?;
        let asked = Asked {
            claimant: match &about {
                About::Claimant(claimant) => Some(claimant.id),
                About::Stated(_) => None,
            },
            category: planned.category,
            service: Some(service.id),
            itself: None,
        };
        let sending = Sending::look(self, asked, true).await?;
        Ok(Preview {
            about,
            service,
            can_send: sending.refusal(planned.acknowledge_duplicate).is_none(),
            consent: sending.consent,
            duplicates: sending.duplicates,
        })
    }

    /// What the service of a preview asks, and whether the person meets it. Of a claimant, the groups that a rule in force
    /// asks about are disclosed by it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn eligibility(&self, preview: &Preview) -> Result<Verdict> {
        let today = toronto_date(self.now);
        let service = preview.service.id;
        let mut rules = self.eligibility_rules(&[service]).await?;
        let mut rules = rules.remove(&service).unwrap_or_default();
        rules.retain(|rule| in_force(rule, today));
        let facts = match &preview.about {
            About::Stated(facts) => (**facts).clone(),
            About::Claimant(claimant) => {
                let asked: Vec<_> = rules.iter().map(|rule| fact(&rule.condition)).collect();
                self.facts_of(claimant, &asked, today).await?
            }
        };
        Ok(judge(rules, &facts, today))
    }

    /// What is known of a claimant of what is asked, and nothing else.
    async fn facts_of(
        &self,
        claimant: &claimant::Model,
        asked: &[EligibilityFact],
        today: NaiveDate,
    ) -> Result<Facts> {
        use EligibilityFact::{Age, LanguageLevel, SocialInsurance, Stage, WorkAuthorization};
        let (id, asks) = (claimant.id, |fact| asked.contains(&fact));
        let mut facts = Facts {
            age_band: claimant.age_band,
            region: claimant.region_id,
            language: claimant.language.clone(),
            ..Facts::default()
        };
        if asks(Stage) || asks(SocialInsurance) {
            let status = self.claim_statuses(&[id]).await?.remove(&id);
            if let Some(status) = shown(status, FieldGroup::ClaimStatus) {
                facts.stage = Some(status.stage);
                facts.sin_series_9 = status.sin_series_9;
                facts.sin_expires_on = status.sin_expires_on;
            }
        }
        if asks(WorkAuthorization) {
            let work = self.work_authorizations(&[id]).await?.remove(&id);
            if let Some(work) = shown(work, FieldGroup::WorkAuthorization) {
                facts.work_authorized = work.state;
                facts.work_authorization_expires_on = work.expires_on;
            }
        }
        if asks(Age) {
            let identity = self.identities(&[id]).await?.remove(&id);
            let born = shown(identity, FieldGroup::Identity).and_then(|identity| {
                let precision = identity
                    .birth_date_precision
                    .unwrap_or(entity::DatePrecision::Day);
                Some((identity.birth_date?, precision))
            });
            facts.age = match born {
                Some((date, precision)) => Some(Years::since(date, precision, today)),
                None => claimant.age_band.map(Years::of),
            };
        }
        if asks(LanguageLevel) {
            let abilities = self.language_abilities(&[id]).await?.remove(&id);
            let known = shown(abilities, FieldGroup::Qualifications).unwrap_or_default();
            let levels = known.into_iter().map(|ability| Level {
                language: ability.language,
                skills: [
                    ability.listening,
                    ability.speaking,
                    ability.reading,
                    ability.writing,
                ],
            });
            facts.levels = levels.collect();
        }
        Ok(facts)
    }
}

/// What is in an open group, of which the answer tells something.
fn shown<T>(group: Option<Opened<T>>, of: FieldGroup) -> Option<T> {
    group.map(|opened| opened.disclose(of))
}
