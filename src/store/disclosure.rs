//! Disclosures: which sealed groups of which claimants went out in which answer. A session keeps a ledger of its answer
//! (`ledger`); the ledger is written down before the answer leaves (`write`); the sequencer makes a disclosure for each
//! claimant of it and chains them (`super::audit`); here they are read. No sealed content comes near any of it.
use chrono::{DateTime, Utc};
use entity::{ClaimantId, DisclosureId, claimant, disclosure};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, QueryFilter, QuerySelect, QueryTrait, sea_query::Expr,
};

use super::{
    Readable, Session, nothing,
    page::{Field, Key, Keyed, Order, Paged, Slice, SortValue},
};
use crate::{error::Result, viewer::Viewer};

pub mod export;
mod ledger;
mod write;

pub(super) use ledger::Ledger;
pub use ledger::Opened;
pub(super) use write::Writer;

/// An organization sees what it was shown itself, and everything about the claimants that it registered.
impl Readable for disclosure::Entity {
    fn visible_to(viewer: &Viewer, _: DateTime<Utc>) -> Condition {
        match viewer {
            Viewer::Ministry { .. } => nothing(),
            Viewer::Provider { organization, .. } | Viewer::SettlementAgency { organization } => {
                let registered = claimant::Entity::find()
                    .select_only()
                    .column(claimant::Column::Id)
                    .filter(claimant::Column::RegisteringOrganizationId.eq(*organization))
                    .into_query();
                Condition::any()
                    .add(disclosure::Column::OrganizationId.eq(*organization))
                    .add(disclosure::Column::ClaimantId.in_subquery(registered))
            }
        }
    }
}

impl Keyed for disclosure::Model {
    fn key(&self, _: Field) -> Key {
        Key {
            value: SortValue::Position(self.position),
            id: self.id.0,
        }
    }
}

fn chain_order() -> Order {
    Order {
        field: Field::Position,
        descending: false,
        sort: Some(Expr::col((
            disclosure::Entity,
            disclosure::Column::Position,
        ))),
        id: Expr::col((disclosure::Entity, disclosure::Column::Id)),
    }
}

impl Session {
    /// The disclosures that the caller may see, of one claimant or of all, in the order of the chain. One is seen once
    /// it is in the chain, a second after the answer at most.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn disclosure_list(
        &self,
        claimant: Option<ClaimantId>,
        slice: &Slice,
    ) -> Result<Paged<disclosure::Model>> {
        let paged = self
            .find::<disclosure::Entity>()
            .filter_some(claimant, |id| disclosure::Column::ClaimantId.eq(id).into())
            .page(&chain_order(), slice)
            .await?;
        Ok(paged.map(|row| self.without_worker(row)))
    }

    /// The disclosures among `ids` that the caller may see.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn disclosure_list_by_id(
        &self,
        ids: &[DisclosureId],
    ) -> Result<Vec<disclosure::Model>> {
        let rows = self
            .find::<disclosure::Entity>()
            .filter(disclosure::Column::Id.is_in(ids.iter().copied()))
            .all()
            .await?;
        Ok(rows
            .into_iter()
            .map(|row| self.without_worker(row))
            .collect())
    }

    /// Who works there is the other organization's own affair: where its token names no client, the client is a person.
    fn without_worker(&self, mut row: disclosure::Model) -> disclosure::Model {
        if row.organization_id != self.viewer().organization() {
            if row.client == row.subject {
                row.client.clear();
            }
            row.subject.clear();
            row.acting_subject = None;
        }
        row
    }
}
