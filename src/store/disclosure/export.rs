//! Who was told what: every disclosure that a breach may concern, for the operator's own command line. It reads page by
//! page, under no viewer's rule, and holds no sealed content.
use std::collections::HashMap;

use chrono::{DateTime, Utc};
use entity::{
    ClaimantId, OrganizationId, ReferralId, claimant, disclosure, organization, referral,
};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde::Serialize;

use super::super::Store;
use crate::{error::Result, opaque::NodeType};

/// How many rows are in memory at once.
const PAGE: u64 = 1_000;

/// Which disclosures.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    pub claimant: Option<ClaimantId>,
    pub client: Option<String>,
    pub organization: Option<OrganizationId>,
    pub from: Option<DateTime<Utc>>,
    /// Up to this time, not at it.
    pub to: Option<DateTime<Utc>>,
}

impl Scope {
    fn condition(&self) -> Condition {
        use disclosure::Column;
        Condition::all()
            .add_option(self.claimant.map(|id| Column::ClaimantId.eq(id)))
            .add_option(self.client.as_ref().map(|name| Column::Client.eq(name)))
            .add_option(self.organization.map(|id| Column::OrganizationId.eq(id)))
            .add_option(self.from.map(|from| Column::At.gte(from)))
            .add_option(self.to.map(|to| Column::At.lt(to)))
    }
}

/// One disclosure, in the words of the outside: public ids, codes, times in UTC.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Exported {
    pub position: i64,
    pub at: DateTime<Utc>,
    pub claimant: String,
    /// The code of the organization that registered the claimant, which can tell the person.
    pub registering_organization: Option<String>,
    pub organization: String,
    pub client: String,
    pub subject: String,
    pub acting_subject: Option<String>,
    /// Separated by spaces.
    pub groups: String,
    pub referral: Option<String>,
    pub consent: Option<String>,
}

impl Store {
    /// The disclosures after a position of the chain, in its order; an empty page is the end.
    ///
    /// # Errors
    /// [`crate::error::Error::Internal`] when the database fails.
    pub async fn unscoped_disclosures(&self, scope: &Scope, after: i64) -> Result<Vec<Exported>> {
        let rows = disclosure::Entity::find()
            .filter(scope.condition())
            .filter(disclosure::Column::Position.gt(after))
            .order_by_asc(disclosure::Column::Position)
            .limit(PAGE)
            .all(&self.database.unscoped)
            .await?;
        let claimants = rows.iter().map(|row| row.claimant_id).collect();
        let registering = self.registering(claimants).await?;
        let organizations = rows.iter().map(|row| row.organization_id);
        let codes = self
            .codes(organizations.chain(registering.values().copied()).collect())
            .await?;
        let referrals = rows.iter().filter_map(|row| row.referral_id).collect();
        let references = self.references(referrals).await?;
        Ok(rows
            .into_iter()
            .map(|row| Exported {
                position: row.position,
                at: row.at,
                claimant: self.keys.id(NodeType::Claimant, row.claimant_id),
                registering_organization: registering
                    .get(&row.claimant_id)
                    .and_then(|id| codes.get(id).cloned()),
                organization: codes.get(&row.organization_id).cloned().unwrap_or_default(),
                client: row.client,
                subject: row.subject,
                acting_subject: row.acting_subject,
                groups: row
                    .field_groups
                    .0
                    .iter()
                    .map(|group| group.as_str())
                    .collect::<Vec<_>>()
                    .join(" "),
                referral: row.referral_id.and_then(|id| references.get(&id).cloned()),
                consent: row.consent_id.map(|id| self.keys.id(NodeType::Consent, id)),
            })
            .collect())
    }

    async fn registering(
        &self,
        claimants: Vec<ClaimantId>,
    ) -> Result<HashMap<ClaimantId, OrganizationId>> {
        use claimant::Column;
        let rows = claimant::Entity::find()
            .select_only()
            .columns([Column::Id, Column::RegisteringOrganizationId])
            .filter(Column::Id.is_in(claimants))
            .into_tuple::<(ClaimantId, OrganizationId)>()
            .all(&self.database.unscoped)
            .await?;
        Ok(rows.into_iter().collect())
    }

    async fn codes(
        &self,
        organizations: Vec<OrganizationId>,
    ) -> Result<HashMap<OrganizationId, String>> {
        use organization::Column;
        let rows = organization::Entity::find()
            .select_only()
            .columns([Column::Id, Column::Code])
            .filter(Column::Id.is_in(organizations))
            .into_tuple::<(OrganizationId, String)>()
            .all(&self.database.unscoped)
            .await?;
        Ok(rows.into_iter().collect())
    }

    async fn references(&self, referrals: Vec<ReferralId>) -> Result<HashMap<ReferralId, String>> {
        use referral::Column;
        let rows = referral::Entity::find()
            .select_only()
            .columns([Column::Id, Column::Reference])
            .filter(Column::Id.is_in(referrals))
            .into_tuple::<(ReferralId, String)>()
            .all(&self.database.unscoped)
            .await?;
        Ok(rows.into_iter().collect())
    }
}
