//! Claimants, as each caller may see them: the open part here, the sealed groups in `sealed`. Registration and update
//! are in `register`.
use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use entity::{
    Access, AccessGroup, ClaimantId, FieldGroup, NeedCategory, NeedStatus, RegionId, Role,
    claimant, need,
};
use sea_orm::{
    ColumnTrait, Condition, DbErr, QueryResult, QuerySelect,
    sea_query::{Expr, SelectStatement},
};

use super::{
    Readable, Session,
    columns::{self, Columns},
    disclosure::Opened,
    grant::in_force,
    nothing,
    organization::check_search,
    page::{Field, Key, Keyed, Order, Paged, Slice, SortValue},
    rows::among,
    sealed::{Contact, LanguageAbility, WorkAuthorization},
};
use crate::{
    domain::{access::Held, free_text},
    error::Result,
    viewer::Viewer,
};

pub(super) mod bound;
pub mod erase;
mod people;
pub mod register;
pub(super) mod token;

pub use people::People;
pub(super) use register::check_text;

impl Readable for claimant::Entity {
    fn visible_to(viewer: &Viewer, now: DateTime<Utc>) -> Condition {
        match viewer {
            Viewer::Ministry { .. } => nothing(),
            Viewer::Provider { organization, .. } | Viewer::SettlementAgency { organization } => {
                Condition::any()
                    .add(claimant::Column::RegisteringOrganizationId.eq(*organization))
                    .add(in_force(
                        claimant::Column::Id,
                        viewer,
                        &[AccessGroup::Presence],
                        now,
                    ))
            }
        }
    }
}

impl Keyed for claimant::Model {
    fn key(&self, _: Field) -> Key {
        Key {
            value: SortValue::Nothing,
            id: self.id.0,
        }
    }

    fn read(row: &QueryResult) -> std::result::Result<Self, DbErr> {
        columns::claimant(&mut Columns::of::<claimant::Entity>(row))
    }
}

/// Which claimants.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Words of a name; finds the caller's own claimants only.
    pub text: Option<String>,
    pub region: Option<RegionId>,
    pub language: Option<String>,
    pub need_category: Option<NeedCategory>,
    pub need_status: Option<NeedStatus>,
    pub updated_since: Option<DateTime<Utc>>,
}

/// How the caller's organization stands to a claimant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum View {
    /// It registered the person.
    Registering,
    /// It is a party of a referral, and holds this by relation and consent; the person's own permission to be
    /// contacted is asked for beside it.
    Party { held: Held, role: Role },
}

/// A claimant as the caller may see the person: what is withheld is not in here.
#[derive(Clone, Debug)]
pub struct Seen {
    pub claimant: claimant::Model,
    pub view: View,
}

impl Seen {
    fn of(mut claimant: claimant::Model, viewer: &Viewer, held: Held) -> Self {
        if claimant.registering_organization_id == viewer.organization() {
            claimant.version = claimant.record_version;
            let view = View::Registering;
            return Self { claimant, view };
        }
        let open_part = held.opens(AccessGroup::OpenPart);
        if !open_part || claimant.location_protected {
            claimant.municipality = None;
        }
        if !open_part {
            claimant.official_language = None;
        }
        claimant.record_version = 0;
        claimant.held_at = None;
        claimant.erasure_requested_at = None;
        claimant.erased_at = None;
        let role = viewer.role();
        let view = View::Party { held, role };
        Self { claimant, view }
    }

    fn opens(&self, group: AccessGroup) -> bool {
        match &self.view {
            View::Registering => true,
            View::Party { held, .. } => held.opens(group),
        }
    }

    /// Why a group is open, or why it is not, before the person's contact permission.
    pub fn access(&self, group: FieldGroup) -> Access {
        match &self.view {
            View::Registering => Access::Granted,
            View::Party { held, role } => held.access(group, *role),
        }
    }

    /// Whether the levels of the person's languages are open, if not more of them.
    pub fn opens_language_levels(&self) -> bool {
        self.opens(AccessGroup::LanguageLevels) || self.opens(AccessGroup::Qualifications)
    }
}

/// Whether a text is an ISO 639-3 code by its form.
pub(super) fn is_language(code: &str) -> bool {
    code.len() == 3 && code.bytes().all(|letter| letter.is_ascii_lowercase())
}

fn newest_first() -> Order {
    Order {
        field: Field::Id,
        descending: true,
        sort: None,
        id: Expr::col((claimant::Entity, claimant::Column::Id)),
    }
}

impl Session {
    /// Claimants that the caller may see, last registered first.
    ///
    /// # Errors
    /// When the text to look for is too long, or the database fails.
    pub async fn claimant_list(&self, filter: Filter, slice: &Slice) -> Result<Paged<Seen>> {
        use claimant::Column;
        check_search(filter.text.as_ref())?;
        let named = filter
            .text
            .as_ref()
            .is_some_and(|text| !free_text::words(text).is_empty());
        let needs = (filter.need_category, filter.need_status);
        let paged = self
            .find::<claimant::Entity>()
            // Who was erased is in no list.
            .filter(Column::ErasedAt.is_null())
            .filter_some(filter.text, |text| self.named(&text))
            .filter_some(filter.region, |region| Column::RegionId.eq(region).into())
            .filter_some(filter.language, |language| {
                Column::Language.eq(language).into()
            })
            .filter_some(
                (needs != (None, None)).then_some(needs),
                |(category, status)| {
                    Column::Id
                        .in_subquery(self.with_need(category, status))
                        .into()
                },
            )
            .filter_some(filter.updated_since, |since| {
                Column::UpdatedAt.gte(since).into()
            })
            .page(&newest_first(), slice)
            .await?;
        let Paged {
            items,
            has_next,
            has_previous,
        } = paged;
        // Whoever is found by a name is told to bear it.
        if named {
            let found = items.iter().map(|row| row.id);
            self.disclose_compared(found, &[FieldGroup::Identity]);
        }
        Ok(Paged {
            items: self.seen(items).await?,
            has_next,
            has_previous,
        })
    }

    /// Every word must be a name, or the beginning of one, of a claimant that the caller's organization registered.
    fn named(&self, text: &str) -> Condition {
        let organization = self.viewer().organization();
        let own = claimant::Column::RegisteringOrganizationId.eq(organization);
        free_text::words(text)
            .iter()
            .take(5)
            .fold(Condition::all().add(own), |condition, word| {
                let named = token::with_name(self.seal(), organization, word);
                condition.add(claimant::Column::Id.in_subquery(named))
            })
    }

    /// Claimants with a need that the caller may see.
    fn with_need(
        &self,
        category: Option<NeedCategory>,
        status: Option<NeedStatus>,
    ) -> SelectStatement {
        self.find::<need::Entity>()
            .filter_some(category, |category| {
                need::Column::Category.eq(category).into()
            })
            .filter_some(status, |status| need::Column::Status.eq(status).into())
            .select(|select| select.select_only().column(need::Column::ClaimantId))
            .into_subquery()
    }

    /// The claimants among `ids` that the caller may see.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn claimant_list_by_id(&self, ids: &[ClaimantId]) -> Result<Vec<Seen>> {
        let rows = self
            .find::<claimant::Entity>()
            .filter(among(self.backend(), claimant::Column::Id, ids))
            .all()
            .await?;
        self.seen(rows).await
    }

    async fn seen(&self, rows: Vec<claimant::Model>) -> Result<Vec<Seen>> {
        let organization = self.viewer().organization();
        let others: Vec<ClaimantId> = rows
            .iter()
            .filter(|row| row.registering_organization_id != organization)
            .map(|row| row.id)
            .collect();
        let mut held = self.held_grants(&others).await?;
        Ok(rows
            .into_iter()
            .map(|row| {
                let held = held.remove(&row.id).unwrap_or_default();
                Seen::of(row, self.viewer(), held)
            })
            .collect())
    }

    /// How the claimants may be reached, as far as the caller may know: everything for the registering organization;
    /// for a party the safe points, and those only with consent and the person's permission; where there are none, nothing.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn usable_contacts(
        &self,
        claimants: &[ClaimantId],
    ) -> Result<HashMap<ClaimantId, Opened<Contact>>> {
        let mut contacts = self.contacts(claimants).await?;
        if contacts.is_empty() {
            return Ok(contacts);
        }
        let ids: Vec<ClaimantId> = contacts.keys().copied().collect();
        let own = self.registered_among(&ids).await?;
        contacts.retain(|id, contact| own.contains(id) || contact.content.leave_usable());
        Ok(contacts)
    }

    /// Whether the claimants may work, as far as the caller may know: until it has accepted, not for how long.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn known_work_authorizations(
        &self,
        claimants: &[ClaimantId],
    ) -> Result<HashMap<ClaimantId, Opened<WorkAuthorization>>> {
        let mut known = self.work_authorizations(claimants).await?;
        let ids: Vec<ClaimantId> = known.keys().copied().collect();
        let whole = self
            .opened_among(&ids, AccessGroup::WorkAuthorization)
            .await?;
        for (id, authorization) in &mut known {
            if !whole.contains(id) {
                authorization.content.expires_on = None;
            }
        }
        Ok(known)
    }

    /// How well the claimants know which languages, as far as the caller may know: the levels alone until it has
    /// accepted and consent opens the qualifications.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn known_language_abilities(
        &self,
        claimants: &[ClaimantId],
    ) -> Result<HashMap<ClaimantId, Opened<Vec<LanguageAbility>>>> {
        let mut known = self.language_abilities(claimants).await?;
        let ids: Vec<ClaimantId> = known.keys().copied().collect();
        let whole = self.opened_among(&ids, AccessGroup::Qualifications).await?;
        for (id, abilities) in &mut known {
            if !whole.contains(id) {
                abilities
                    .content
                    .iter_mut()
                    .for_each(|ability| ability.assessed_on = None);
            }
        }
        Ok(known)
    }

    /// Those among `claimants` of whom a group is open to the caller.
    async fn opened_among(
        &self,
        claimants: &[ClaimantId],
        group: AccessGroup,
    ) -> Result<HashSet<ClaimantId>> {
        Ok(self
            .claimant_list_by_id(claimants)
            .await?
            .into_iter()
            .filter(|seen| seen.opens(group))
            .map(|seen| seen.claimant.id)
            .collect())
    }

    /// Those among `claimants` that the caller's organization registered.
    pub(super) async fn registered_among(
        &self,
        claimants: &[ClaimantId],
    ) -> Result<HashSet<ClaimantId>> {
        Ok(self
            .find::<claimant::Entity>()
            .filter(claimant::Column::Id.is_in(claimants.iter().copied()))
            .filter(claimant::Column::RegisteringOrganizationId.eq(self.viewer().organization()))
            .all()
            .await?
            .into_iter()
            .map(|row| row.id)
            .collect())
    }
}
