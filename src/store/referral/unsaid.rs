//! What free text between organizations must not tell: who the claimant is, and where a hidden place is. Each writer is
//! checked against what it may know itself, and against nothing else: a refusal would answer what it asks.
use std::collections::HashMap;

use entity::{
    ClaimantId, ContactPermission, FieldGroup, Safety, claimant, location, referral, service,
    service_at_location,
};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
};

use super::super::{Unit, sealed::Contact};
use crate::{
    domain::free_text::{self, Known},
    error::{Problem, Refusal, Result},
};

/// The most locations of one organization that a text is compared with.
const MOST_LOCATIONS: u64 = 1_000;

/// What of a person a text is compared with.
struct Compared {
    claimant: ClaimantId,
    /// Whether the caller's organization registered the person.
    own: bool,
    groups: Vec<FieldGroup>,
    known: Known,
}

/// A text, and where it stands in the input.
pub(super) type Text<'t> = (&'static str, Option<&'t String>);

impl Unit<'_> {
    /// Refuses a summary that tells who anybody is for whom the referral is, or a hidden place, as [`Unit::check_told`]
    /// does.
    pub(super) async fn check_summary(
        &self,
        people: &[ClaimantId],
        summary: Option<&str>,
    ) -> Result<()> {
        let Some(summary) = summary.filter(|_| !people.is_empty()) else {
            return Ok(());
        };
        let own = self.own_among(people).await?;
        let known = self.known_of(people, &own).await?;
        if self.tells_who(summary, &known).await? {
            return Err(Refusal::at(Problem::SummaryIdentifies, "summary").into());
        }
        if free_text::identifies(summary, &self.hidden_places(&own).await?) {
            return Err(Refusal::at(Problem::PlaceConfidential, "summary").into());
        }
        Ok(())
    }

    /// Refuses texts between the parties of a referral that tell who anybody in it is, where a confidential location of
    /// the writer's organization is, or where somebody lives whom it registered and whose location is protected.
    pub(super) async fn check_told(
        &self,
        referral: &referral::Model,
        texts: &[Text<'_>],
    ) -> Result<()> {
        let texts = texts
            .iter()
            .filter_map(|(path, text)| Some((*path, text.as_ref()?.as_str())));
        let texts: Vec<(&str, &str)> = texts.collect();
        if texts.is_empty() {
            return Ok(());
        }
        let people = self.known_people_of(referral).await?;
        let own = self.own_among(&people).await?;
        let known = self.known_of(&people, &own).await?;
        let hidden = self.hidden_places(&own).await?;
        for (path, text) in texts {
            if self.tells_who(text, &known).await? {
                return Err(Refusal::at(Problem::TextIdentifies, path).into());
            }
            if free_text::identifies(text, &hidden) {
                return Err(Refusal::at(Problem::PlaceConfidential, path).into());
            }
        }
        Ok(())
    }

    /// Whether a text tells who somebody is. A refusal for that answers a guess, so it is disclosed of each whom the text
    /// tells: every group with which it was compared.
    async fn tells_who(&self, text: &str, known: &[Compared]) -> Result<bool> {
        let told: Vec<&Compared> = known
            .iter()
            .filter(|compared| free_text::identifies(text, &compared.known))
            .collect();
        let others: Vec<ClaimantId> = told
            .iter()
            .filter(|compared| !compared.own)
            .map(|compared| compared.claimant)
            .collect();
        // Read for the ledger, which learns from them on what basis each group was open.
        self.session.held_grants(&others).await?;
        for compared in &told {
            self.session
                .disclose_compared([compared.claimant], &compared.groups);
        }
        Ok(!told.is_empty())
    }

    /// Refuses a place where the service of a referral is given at confidential locations and nowhere else: whatever it
    /// said would be one.
    pub(super) async fn check_place(
        &self,
        referral: &referral::Model,
        place: Option<&String>,
    ) -> Result<()> {
        let Some(service) = referral.service_id.filter(|_| place.is_some()) else {
            return Ok(());
        };
        let given = service_at_location::Entity::find()
            .select_only()
            .column(service_at_location::Column::LocationId)
            .filter(service_at_location::Column::ServiceId.eq(service))
            .into_query();
        let confidential: Vec<bool> = location::Entity::find()
            .select_only()
            .column(location::Column::Confidential)
            .distinct()
            .filter(location::Column::Id.in_subquery(given))
            .into_tuple()
            .all(&self.work)
            .await?;
        match confidential.as_slice() {
            [true] => Err(Refusal::at(Problem::PlaceConfidential, "place").into()),
            _ => Ok(()),
        }
    }

    /// Those among `people` whom the caller's organization registered.
    async fn own_among(
        &self,
        people: &[ClaimantId],
    ) -> Result<HashMap<ClaimantId, claimant::Model>> {
        if people.is_empty() {
            return Ok(HashMap::new());
        }
        let own =
            claimant::Column::RegisteringOrganizationId.eq(self.session.viewer().organization());
        let rows = self
            .find::<claimant::Entity>()
            .filter(claimant::Column::Id.is_in(people.iter().copied()))
            .filter(own)
            .all()
            .await?;
        Ok(rows.into_iter().map(|row| (row.id, row)).collect())
    }

    /// The facts about people that the caller may know.
    async fn known_of(
        &self,
        people: &[ClaimantId],
        own: &HashMap<ClaimantId, claimant::Model>,
    ) -> Result<Vec<Compared>> {
        if people.is_empty() {
            return Ok(Vec::new());
        }
        let mut identities = self.identities(people).await?;
        let mut contacts = self.contacts(people).await?;
        let mut identifiers = self.own_identifiers(people).await?;
        let known = people.iter().map(|person| {
            let identity = identities.remove(person);
            let contact = contacts.remove(person);
            let identifiers = identifiers.remove(person);
            let groups = [
                (FieldGroup::Identity, identity.is_some()),
                (FieldGroup::Contact, contact.is_some()),
                (FieldGroup::Identifiers, identifiers.is_some()),
            ];
            let identity = identity.unwrap_or_default();
            let own = own.contains_key(person);
            let names = [
                identity.given_name,
                identity.family_name,
                identity.preferred_name,
            ];
            let identifiers = identifiers.into_iter().flatten();
            let known = Known {
                birth_date: identity.birth_date,
                texts: names
                    .into_iter()
                    .flatten()
                    .chain(points_known(contact.unwrap_or_default(), own))
                    .chain(identifiers.map(|identifier| identifier.value))
                    .collect(),
            };
            let there = groups.into_iter().filter(|(_, there)| *there);
            Compared {
                claimant: *person,
                own,
                groups: there.map(|(group, _)| group).collect(),
                known,
            }
        });
        Ok(known.collect())
    }

    /// What tells a place that is hidden: that of a confidential location of the caller's organization, or of somebody whom
    /// it registered and whose location is protected.
    async fn hidden_places(&self, own: &HashMap<ClaimantId, claimant::Model>) -> Result<Known> {
        let mut texts = self.confidential_places().await?;
        let protected = own.values().filter(|row| row.location_protected);
        texts.extend(protected.filter_map(|row| row.municipality.clone()));
        Ok(Known {
            texts,
            birth_date: None,
        })
    }

    /// What tells where the confidential locations of the caller's organization are: address, postal code, and the
    /// municipality, unless an open location of the organization is in it too.
    async fn confidential_places(&self) -> Result<Vec<String>> {
        let organization = self.session.viewer().organization();
        let services = service::Entity::find()
            .select_only()
            .column(service::Column::Id)
            .filter(service::Column::OrganizationId.eq(organization))
            .into_query();
        let given = service_at_location::Entity::find()
            .select_only()
            .column(service_at_location::Column::LocationId)
            .filter(service_at_location::Column::ServiceId.in_subquery(services))
            .into_query();
        let theirs = Condition::any()
            .add(location::Column::OrganizationId.eq(organization))
            .add(location::Column::Id.in_subquery(given));
        let (hidden, open): (Vec<location::Model>, Vec<location::Model>) = location::Entity::find()
            .filter(theirs)
            // The confidential ones first, whatever the limit leaves out.
            .order_by_desc(location::Column::Confidential)
            .limit(MOST_LOCATIONS)
            .all(&self.work)
            .await?
            .into_iter()
            .partition(|location| location.confidential);
        let known_city = |city: &String| {
            let same = |other: &String| free_text::words(other) == free_text::words(city);
            open.iter().filter_map(|row| row.city.as_ref()).any(same)
        };
        Ok(hidden
            .into_iter()
            .flat_map(|row| {
                let city = row.city.filter(|city| !known_city(city));
                [row.address_line_1, row.postal_code, city]
            })
            .flatten()
            .collect())
    }
}

/// The contact points that the caller may know: of another organization's claimant the safe ones alone, and those with
/// the person's permission.
fn points_known(contact: Contact, own: bool) -> impl Iterator<Item = String> {
    let permitted = own || contact.permission == ContactPermission::Any;
    contact
        .points
        .into_iter()
        .filter(move |point| own || (permitted && point.safety == Safety::Safe))
        .map(|point| point.value)
}
