//! The sealed groups of a claimant: one document each, in a table of its own. Written and read here alone, each under
//! the rule of its group; no caller can filter, sort or join on one.
use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use entity::{
    AccessGroup, ClaimStage, ClaimantId, ContactKind, ContactPermission, DatePrecision,
    IdentifierKind, Safety, claimant, claimant_claim_status, claimant_contact,
    claimant_identifiers, claimant_identity,
};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter,
    QuerySelect, QueryTrait,
    sea_query::{ExprTrait, OnConflict, SelectStatement},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{Readable, Session, Unit, Visible, disclosure::Opened, grant::in_force};
use crate::{
    error::{Error, Result},
    viewer::Viewer,
};

/// Names and birth date.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    pub given_name: Option<String>,
    pub family_name: Option<String>,
    pub preferred_name: Option<String>,
    pub birth_date: Option<NaiveDate>,
    pub birth_date_precision: Option<DatePrecision>,
    pub gender: Option<String>,
}

impl Identity {
    /// Given and family name, whichever there are; else the preferred one.
    pub fn full_name(&self) -> String {
        let parts: Vec<&str> = [&self.given_name, &self.family_name]
            .into_iter()
            .flatten()
            .map(String::as_str)
            .collect();
        if parts.is_empty() {
            self.preferred_name.clone().unwrap_or_default()
        } else {
            parts.join(" ")
        }
    }
}

/// One way to reach a claimant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContactPoint {
    pub kind: ContactKind,
    pub value: String,
    pub safety: Safety,
    pub shared: bool,
    pub may_leave_message: bool,
    pub note: Option<String>,
}

/// How a claimant may be reached, and by whom.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    pub permission: ContactPermission,
    pub points: Vec<ContactPoint>,
}

impl Default for Contact {
    fn default() -> Self {
        Self {
            permission: ContactPermission::ViaAgencyOnly,
            points: Vec::new(),
        }
    }
}

/// An identifier that an authority or an agency gave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identifier {
    pub kind: IdentifierKind,
    pub value: String,
    pub expires_on: Option<NaiveDate>,
}

/// Where the claim for refugee protection stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimStatus {
    pub stage: ClaimStage,
    pub since: Option<NaiveDate>,
    pub rpcd_expires_on: Option<NaiveDate>,
    pub work_permit_expires_on: Option<NaiveDate>,
    pub sin_series_9: Option<bool>,
    pub sin_expires_on: Option<NaiveDate>,
    pub ifhp_proof: Option<bool>,
}

/// The claimants that the viewer's own organization registered.
fn registered_by(viewer: &Viewer) -> SelectStatement {
    claimant::Entity::find()
        .select_only()
        .column(claimant::Column::Id)
        .filter(claimant::Column::RegisteringOrganizationId.eq(viewer.organization()))
        .into_query()
}

/// A table of one sealed group.
pub(super) trait Group: Readable {
    type Content: Serialize + DeserializeOwned + Send;

    fn parts(model: Self::Model) -> (ClaimantId, Vec<u8>);
    fn row(claimant: ClaimantId, content: Vec<u8>) -> Self::ActiveModel;
    fn claimant() -> Self::Column;
    fn version() -> Self::Column;
    fn content() -> Self::Column;
}

macro_rules! groups {
    ($($entity:ident holds $content:ty, opened by $group:expr;)+) => {$(
        impl Readable for $entity::Entity {
            fn visible_to(viewer: &Viewer, now: DateTime<Utc>) -> Condition {
                let own = $entity::Column::ClaimantId.in_subquery(registered_by(viewer));
                let group: Option<AccessGroup> = $group;
                match (viewer, group) {
                    (Viewer::Ministry { .. }, _) => super::nothing(),
                    (Viewer::Provider { .. } | Viewer::SettlementAgency { .. }, None) => own.into(),
                    (Viewer::Provider { .. } | Viewer::SettlementAgency { .. }, Some(group)) => {
                        Condition::any().add(own).add(
                            $entity::Column::ClaimantId.in_subquery(in_force(viewer, group, now)),
                        )
                    }
                }
            }
        }

        impl Group for $entity::Entity {
            type Content = $content;

            fn parts(model: $entity::Model) -> (ClaimantId, Vec<u8>) {
                (model.claimant_id, model.content)
            }

            fn row(claimant: ClaimantId, content: Vec<u8>) -> $entity::ActiveModel {
                $entity::ActiveModel {
                    claimant_id: Set(claimant),
                    version: Set(1),
                    content: Set(content),
                }
            }

            fn claimant() -> $entity::Column {
                $entity::Column::ClaimantId
            }

            fn version() -> $entity::Column {
                $entity::Column::Version
            }

            fn content() -> $entity::Column {
                $entity::Column::Content
            }
        }
    )+};
}

groups! {
    claimant_identity holds Identity, opened by Some(AccessGroup::Identity);
    claimant_contact holds Contact, opened by Some(AccessGroup::Contact);
    claimant_identifiers holds Vec<Identifier>, opened by None;
    claimant_claim_status holds ClaimStatus, opened by None;
}

async fn open<E: Group, C: ConnectionTrait>(
    rows: Visible<'_, E, C>,
    claimants: &[ClaimantId],
) -> Result<HashMap<ClaimantId, E::Content>> {
    rows.filter(E::claimant().is_in(claimants.iter().copied()))
        .all()
        .await?
        .into_iter()
        .map(|row| {
            let (claimant, content) = E::parts(row);
            let content = serde_json::from_slice(&content).map_err(Error::internal)?;
            Ok((claimant, content))
        })
        .collect()
}

/// A group as it is kept.
pub(super) fn sealed_row<E: Group>(
    claimant: ClaimantId,
    content: &E::Content,
) -> Result<E::ActiveModel> {
    let content = serde_json::to_vec(content).map_err(Error::internal)?;
    Ok(E::row(claimant, content))
}

async fn drop_group<E: Group>(
    transaction: &DatabaseTransaction,
    claimant: ClaimantId,
) -> Result<()> {
    E::delete_many()
        .filter(E::claimant().eq(claimant))
        .exec(transaction)
        .await?;
    Ok(())
}

async fn put<E: Group>(
    transaction: &DatabaseTransaction,
    claimant: ClaimantId,
    content: &E::Content,
) -> Result<()>
where
    E::ActiveModel: Send,
{
    let version = sea_orm::sea_query::Expr::col((E::default(), E::version())).add(1);
    E::insert(sealed_row::<E>(claimant, content)?)
        .on_conflict(
            OnConflict::column(E::claimant())
                .update_column(E::content())
                .value(E::version(), version)
                .to_owned(),
        )
        .exec_without_returning(transaction)
        .await?;
    Ok(())
}

impl Session {
    /// The identities among `claimants` that are open to the caller now.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn identities(
        &self,
        claimants: &[ClaimantId],
    ) -> Result<HashMap<ClaimantId, Opened<Identity>>> {
        let found = open(self.find::<claimant_identity::Entity>(), claimants).await?;
        Ok(self.opened(found))
    }

    /// The contacts among `claimants` that are open to the caller now. What another organization may not use of an
    /// open one is the claimant's view to withhold.
    pub(super) async fn contacts(
        &self,
        claimants: &[ClaimantId],
    ) -> Result<HashMap<ClaimantId, Opened<Contact>>> {
        let found = open(self.find::<claimant_contact::Entity>(), claimants).await?;
        Ok(self.opened(found))
    }

    /// The identifiers of those among `claimants` that the caller's organization registered.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn identifiers(
        &self,
        claimants: &[ClaimantId],
    ) -> Result<HashMap<ClaimantId, Opened<Vec<Identifier>>>> {
        let found = open(self.find::<claimant_identifiers::Entity>(), claimants).await?;
        Ok(self.opened(found))
    }

    /// The claim status of those among `claimants` that the caller's organization registered.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn claim_statuses(
        &self,
        claimants: &[ClaimantId],
    ) -> Result<HashMap<ClaimantId, Opened<ClaimStatus>>> {
        let found = open(self.find::<claimant_claim_status::Entity>(), claimants).await?;
        Ok(self.opened(found))
    }
}

impl Unit<'_> {
    /// The identity of a claimant of the caller's own organization.
    pub(super) async fn identity(&self, claimant: ClaimantId) -> Result<Option<Identity>> {
        Ok(open(self.find::<claimant_identity::Entity>(), &[claimant])
            .await?
            .remove(&claimant))
    }

    /// The contact of a claimant of the caller's own organization.
    pub(super) async fn contact(&self, claimant: ClaimantId) -> Result<Option<Contact>> {
        Ok(open(self.find::<claimant_contact::Entity>(), &[claimant])
            .await?
            .remove(&claimant))
    }

    /// The identifiers of a claimant of the caller's own organization.
    pub(super) async fn own_identifiers(&self, claimant: ClaimantId) -> Result<Vec<Identifier>> {
        Ok(
            open(self.find::<claimant_identifiers::Entity>(), &[claimant])
                .await?
                .remove(&claimant)
                .unwrap_or_default(),
        )
    }

    pub(super) async fn put_identity(
        &self,
        claimant: ClaimantId,
        identity: &Identity,
    ) -> Result<()> {
        put::<claimant_identity::Entity>(&self.transaction, claimant, identity).await
    }

    pub(super) async fn put_contact(&self, claimant: ClaimantId, contact: &Contact) -> Result<()> {
        put::<claimant_contact::Entity>(&self.transaction, claimant, contact).await
    }

    pub(super) async fn put_identifiers(
        &self,
        claimant: ClaimantId,
        identifiers: &Vec<Identifier>,
    ) -> Result<()> {
        put::<claimant_identifiers::Entity>(&self.transaction, claimant, identifiers).await
    }

    pub(super) async fn put_claim_status(
        &self,
        claimant: ClaimantId,
        status: &ClaimStatus,
    ) -> Result<()> {
        put::<claimant_claim_status::Entity>(&self.transaction, claimant, status).await
    }

    pub(super) async fn drop_identity(&self, claimant: ClaimantId) -> Result<()> {
        drop_group::<claimant_identity::Entity>(&self.transaction, claimant).await
    }

    pub(super) async fn drop_contact(&self, claimant: ClaimantId) -> Result<()> {
        drop_group::<claimant_contact::Entity>(&self.transaction, claimant).await
    }

    pub(super) async fn drop_identifiers(&self, claimant: ClaimantId) -> Result<()> {
        drop_group::<claimant_identifiers::Entity>(&self.transaction, claimant).await
    }

    pub(super) async fn drop_claim_status(&self, claimant: ClaimantId) -> Result<()> {
        drop_group::<claimant_claim_status::Entity>(&self.transaction, claimant).await
    }
}
