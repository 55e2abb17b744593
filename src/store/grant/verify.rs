//! Compares the stored grants with what relations and wishes say that there should be, for the operator. A difference
//! means that some change left them behind: it is named, and mended if so asked, never passed over.
use std::collections::{HashMap, HashSet};

use entity::{
    AccessGroup, ClaimantId, JournalKind, NeedCategory, OrganizationId, SubjectType, access_grant,
    claimant, organization,
};
use sea_orm::{
    ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, TransactionOptions,
    TransactionTrait,
};

use super::{Gap, grant_of, lock_claimants, wanted};
use crate::{
    domain::access::Grant,
    error::Result,
    opaque::NodeType,
    store::{
        Store,
        journal::{Author, Entry, write_entries},
    },
};

/// How many claimants are compared at once.
const BATCH: u64 = 500;

/// Whether a grant is not there that should be, or is there and should not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    Missing,
    Surplus,
}

/// One grant that is not as it should be. It names the claimant by the opaque id of the API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    pub fault: Fault,
    pub claimant: String,
    /// The code of the organization.
    pub organization: String,
    pub group: AccessGroup,
    /// For needs: which ones.
    pub category: Option<NeedCategory>,
    pub referral: String,
}

/// What a batch of claimants came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    pub claimants: usize,
    pub differences: Vec<Difference>,
    /// Where to go on; none when all are done.
    pub next: Option<ClaimantId>,
}

impl Store {
    /// Compares the grants of the claimants after one, and with `repair` makes them what they should be, each
    /// claimant in a transaction of its own.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn unscoped_verify_grants(
        &self,
        after: Option<ClaimantId>,
        repair: bool,
    ) -> Result<Batch> {
        let mut select = claimant::Entity::find()
            .select_only()
            .column(claimant::Column::Id)
            .order_by_asc(claimant::Column::Id)
            .limit(BATCH);
        if let Some(after) = after {
            select = select.filter(claimant::Column::Id.gt(after));
        }
        let ids: Vec<ClaimantId> = select.into_tuple().all(&self.database.unscoped).await?;
        let mut found = Vec::new();
        for claimant in self.suspects(&ids).await? {
            let gap = self.confirmed(claimant, repair).await?;
            let surplus = gap.surplus.iter().map(grant_of);
            found.extend(surplus.map(|grant| (Fault::Surplus, grant)));
            found.extend(gap.missing.into_iter().map(|grant| (Fault::Missing, grant)));
        }
        found.sort_unstable_by_key(|(_, grant)| *grant);
        Ok(Batch {
            claimants: ids.len(),
            differences: self.named(found).await?,
            next: ids.last().copied().filter(|_| ids.len() as u64 == BATCH),
        })
    }

    /// The claimants whose grants differ, if nobody changed them while they were read.
    async fn suspects(&self, ids: &[ClaimantId]) -> Result<Vec<ClaimantId>> {
        let reader = &self.database.unscoped;
        let mut wanted = wanted(reader, ids, self.settings.after_completion()).await?;
        let mut kept: HashMap<ClaimantId, Vec<access_grant::Model>> = HashMap::new();
        let rows = access_grant::Entity::find()
            .filter(access_grant::Column::ClaimantId.is_in(ids.iter().copied()))
            .all(reader)
            .await?;
        for row in rows {
            kept.entry(row.claimant_id).or_default().push(row);
        }
        Ok(ids
            .iter()
            .filter(|id| {
                let gap = Gap::between(
                    wanted.remove(id).unwrap_or_default(),
                    kept.remove(id).unwrap_or_default(),
                );
                !gap.is_empty()
            })
            .copied()
            .collect())
    }

    /// The same for one claimant whom nobody else changes meanwhile.
    async fn confirmed(&self, claimant: ClaimantId, repair: bool) -> Result<Gap> {
        let transaction = self
            .database
            .writer
            .begin_with_options(TransactionOptions {
                sqlite_transaction_mode: Some(sea_orm::SqliteTransactionMode::Immediate),
                ..Default::default()
            })
            .await?;
        lock_claimants(&transaction, &[claimant]).await?;
        let gap = Gap::of(&transaction, &[claimant], self.settings.after_completion()).await?;
        if repair && !gap.is_empty() {
            gap.close(&transaction).await?;
            let (kind, subject) = (JournalKind::GrantsRepaired, SubjectType::Claimant);
            let entry = Entry::new(kind, subject, claimant, 0).told_to_nobody();
            let now = self.clock.now();
            write_entries(&transaction, &self.seal, Author::OPERATOR, now, vec![entry]).await?;
            transaction.commit().await?;
        }
        Ok(gap)
    }

    async fn named(&self, found: Vec<(Fault, Grant)>) -> Result<Vec<Difference>> {
        let organizations: HashSet<OrganizationId> =
            found.iter().map(|(_, grant)| grant.organization).collect();
        let codes: HashMap<OrganizationId, String> = organization::Entity::find()
            .filter(organization::Column::Id.is_in(organizations))
            .all(&self.database.unscoped)
            .await?
            .into_iter()
            .map(|row| (row.id, row.code))
            .collect();
        Ok(found
            .into_iter()
            .map(|(fault, grant)| Difference {
                fault,
                claimant: self.keys.id(NodeType::Claimant, grant.claimant),
                organization: codes.get(&grant.organization).cloned().unwrap_or_default(),
                group: grant.group,
                category: grant.category,
                referral: self.keys.id(NodeType::Referral, grant.referral),
            })
            .collect())
    }
}
