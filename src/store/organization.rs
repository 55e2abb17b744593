//! Organizations: public directory data, and the row that gives a caller its role.
use std::{collections::BTreeSet, sync::Arc};

use chrono::{DateTime, Utc};
use entity::{OrganizationId, OrganizationKind, RegionId, Role, organization};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, QueryFilter,
    sea_query::{Expr, ExprTrait, SimpleExpr},
};

use super::{
    Readable, Session, Store, everything,
    page::{Field, Key, Keyed, Order, Paged, Slice, SortValue},
};
use crate::{
    domain::free_text,
    error::{BadInput, Error, Result},
    viewer::Viewer,
};

impl Readable for organization::Entity {
    fn visible_to(_: &Viewer, _: DateTime<Utc>) -> Condition {
        everything()
    }
}

impl Keyed for organization::Model {
    fn key(&self, _: Field) -> Key {
        Key {
            value: SortValue::Text(self.name_en.clone()),
            id: self.id.0,
        }
    }
}

/// Which organizations.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    pub kinds: Option<Vec<OrganizationKind>>,
    pub role: Option<Role>,
    pub region: Option<RegionId>,
    pub text: Option<String>,
    pub active: Option<bool>,
}

/// What each kind of organization may do here.
pub const fn role_of(kind: OrganizationKind) -> Role {
    match kind {
        OrganizationKind::SettlementAgency => Role::SettlementAgency,
        OrganizationKind::Ministry => Role::Ministry,
        OrganizationKind::EmploymentService
        | OrganizationKind::ServiceSystemManager
        | OrganizationKind::Housing
        | OrganizationKind::Health
        | OrganizationKind::LanguageTraining
        | OrganizationKind::CredentialAssessment
        | OrganizationKind::EmployerNetwork
        | OrganizationKind::Legal => Role::Provider,
    }
}

/// The words of these texts, each once, as they are kept to be searched.
pub(super) fn searchable<'t>(texts: impl IntoIterator<Item = &'t str>) -> String {
    let words: BTreeSet<String> = texts.into_iter().flat_map(free_text::words).collect();
    words.into_iter().collect::<Vec<_>>().join(" ")
}

/// Refuses a text to look for that is longer than any that is found.
pub(super) fn check_search(text: Option<&String>) -> Result<()> {
    const LONGEST: usize = 200;
    match text {
        Some(text) if free_text::is_longer_than(text, LONGEST) => {
            Err(Error::BadInput(BadInput::SearchText))
        }
        Some(_) | None => Ok(()),
    }
}

/// Every word of `text` must stand in the normalised text of `column`.
pub(super) fn contains_words(column: SimpleExpr, text: &str) -> Condition {
    free_text::words(text)
        .into_iter()
        .take(10)
        .fold(Condition::all(), |condition, word| {
            // Words hold letters and digits only: nothing in them is a wildcard.
            condition.add(column.clone().like(format!("%{word}%")))
        })
}

/// The words by which an organization is found.
pub fn search_words(name_en: &str, name_fr: &str) -> String {
    searchable([name_en, name_fr])
}

impl Session {
    /// Organizations by name.
    ///
    /// # Errors
    /// When the text to look for is too long, or the database fails.
    pub async fn organization_list(
        &self,
        filter: Filter,
        slice: &Slice,
    ) -> Result<Paged<organization::Model>> {
        use organization::Column;
        check_search(filter.text.as_ref())?;
        let kinds_of = |role: Role| {
            OrganizationKind::ALL
                .iter()
                .copied()
                .filter(move |kind| role_of(*kind) == role)
        };
        self.find::<organization::Entity>()
            .filter_some(filter.kinds, |kinds| Column::Kind.is_in(kinds).into())
            .filter_some(filter.role, |role| {
                Column::Kind.is_in(kinds_of(role)).into()
            })
            .filter_some(filter.region, |region| Column::RegionId.eq(region).into())
            .filter_some(filter.text, |text| {
                contains_words(Expr::col(Column::Search), &text)
            })
            .filter_some(filter.active, |active| Column::Active.eq(active).into())
            .page(
                &Order {
                    field: Field::Name,
                    descending: false,
                    sort: Some(Expr::col(Column::NameEn)),
                    id: Expr::col(Column::Id),
                },
                slice,
            )
            .await
    }

    /// The organizations among `ids`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn organization_list_by_id(
        &self,
        ids: &[OrganizationId],
    ) -> Result<Vec<Arc<organization::Model>>> {
        let read = async |missing: Vec<OrganizationId>| {
            let rows = self
                .find::<organization::Entity>()
                .filter(organization::Column::Id.is_in(missing))
                .all()
                .await?;
            Ok(rows
                .into_iter()
                .map(|row| (row.id, Arc::new(row)))
                .collect())
        };
        Ok(self.remembered_or(ids, read).await?.into_values().collect())
    }

    /// An organization, if it is remembered.
    pub fn organization_remembered(&self, id: OrganizationId) -> Option<Arc<organization::Model>> {
        self.remembered(id)
    }
}

impl Store {
    /// The organization that a token names, with what gives the caller its role. No viewer exists yet.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn unscoped_organization_by_code(
        &self,
        code: &str,
    ) -> Result<Option<Arc<organization::Model>>> {
        let code = code.to_owned();
        let read = async |missing: Vec<String>| {
            let rows = organization::Entity::find()
                .filter(organization::Column::Code.is_in(missing))
                .all(&self.database.unscoped)
                .await?;
            Ok(rows
                .into_iter()
                .map(|row| (row.code.clone(), Arc::new(row)))
                .collect())
        };
        let found = self.remembered_or(&[code], read).await?;
        Ok(found.into_values().next())
    }
}
