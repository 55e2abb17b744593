//! Claimants read together with their identity, for answers that are known to ask for both: one statement for what two
//! would say of the same rows, each part under its own rule.
use std::collections::HashMap;

use chrono::{DateTime, Utc};
use entity::{
    AccessGroup, ClaimantId, ConsentId, OrganizationId, ReferralId, access_grant, claimant,
    claimant_identity, claimant_key,
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, FromQueryResult, JoinType,
    QueryResult, QuerySelect, QueryTrait, RelationDef, Statement,
};

use super::{
    super::{
        Reading, Session, Visible,
        columns::{self, Columns},
        disclosure::Opened,
        kept::Kept,
        rows::among,
        sealed::{self, Identity},
    },
    Seen,
};
use crate::{domain::access::Grant, error::Result, lock::Lock};

/// Claimants that the caller may see, and the identities among theirs that are open.
#[derive(Default)]
pub struct People {
    pub seen: Vec<Seen>,
    pub identities: HashMap<ClaimantId, Opened<Identity>>,
}

struct Row {
    claimant: claimant::Model,
    content: Option<Vec<u8>>,
    master_key: Option<String>,
    wrapped: Option<Vec<u8>>,
}

impl Row {
    fn read(columns: &mut Columns<'_>) -> std::result::Result<Self, DbErr> {
        Ok(Self {
            claimant: columns::claimant(columns)?,
            content: columns.optional()?,
            master_key: columns.optional()?,
            wrapped: columns.optional()?,
        })
    }
}

impl FromQueryResult for Row {
    fn from_query_result(row: &QueryResult, _: &str) -> std::result::Result<Self, DbErr> {
        Self::read(&mut Columns::of::<claimant::Entity>(row))
    }
}

/// A row with one of the grants of the viewer's organization; none where it holds none.
struct Held {
    row: Row,
    access_group: Option<AccessGroup>,
    referral_id: Option<ReferralId>,
    consent_id: Option<ConsentId>,
    opens_at: Option<DateTime<Utc>>,
    closes_at: Option<DateTime<Utc>>,
}

impl Held {
    fn read(row: &QueryResult) -> std::result::Result<Self, DbErr> {
        let mut columns = Columns::of::<claimant::Entity>(row);
        Ok(Self {
            row: Row::read(&mut columns)?,
            access_group: columns.optional()?,
            referral_id: columns.optional()?,
            consent_id: columns.optional()?,
            opens_at: columns.optional()?,
            closes_at: columns.optional()?,
        })
    }

    fn grant(&self, organization: OrganizationId) -> Option<Grant> {
        Some(Grant {
            claimant: self.row.claimant.id,
            organization,
            group: self.access_group?,
            category: None,
            referral: self.referral_id?,
            consent: self.consent_id,
            opens_at: self.opens_at?,
            closes_at: self.closes_at?,
        })
    }
}

/// Claimants that were read, with the identities that are open.
type Read = (Vec<claimant::Model>, HashMap<ClaimantId, Opened<Identity>>);

impl Session {
    /// The claimants among `ids` that the caller may see; where they are to be `identified`, with their identities as far
    /// as those are open to it.
    ///
    /// # Errors
    /// When the database fails, or an identity does not open.
    pub async fn people(&self, ids: &[ClaimantId], identified: bool) -> Result<People> {
        match ids {
            ids if !identified => Ok(People {
                seen: self.claimant_list_by_id(ids).await?,
                identities: HashMap::new(),
            }),
            [id] if !Lock::Grants.is_off() => self.person(*id).await,
            ids => {
                let which = among(self.backend(), claimant::Column::Id, ids);
                let visible = self.with_identities(Condition::all().add(which));
                let rows = visible.select.into_model::<Row>();
                let rows = rows.all(visible.connection).await?;
                let (claimants, identities) = self.opened_rows(rows)?;
                Ok(People {
                    seen: self.seen(claimants).await?,
                    identities,
                })
            }
        }
    }

    /// One claimant, in the same statement with what the caller's organization holds of the person: of many it would
    /// repeat their rows too often.
    async fn person(&self, id: ClaimantId) -> Result<People> {
        static PERSON: Kept = Kept::new();
        let statement = if self.leaves_rules_out() {
            self.person_statement(id)
        } else {
            PERSON.statement(self, id.0, |session, id| {
                session.person_statement(ClaimantId(id))
            })
        };
        let rows = self.reader().query_all_raw(statement).await?;
        let rows = rows
            .iter()
            .map(Held::read)
            .collect::<std::result::Result<Vec<Held>, _>>()?;
        let organization = self.viewer().organization();
        let grants: Vec<Grant> = rows
            .iter()
            // What an organization holds of its own claimants opens nothing to it that is not open.
            .filter(|held| held.row.claimant.registering_organization_id != organization)
            .filter_map(|held| held.grant(organization))
            .collect();
        let first = rows.into_iter().next().map(|held| held.row);
        let (claimants, identities) = self.opened_rows(first)?;
        let held = self.held_of(&grants).remove(&id).unwrap_or_default();
        let seen = claimants
            .into_iter()
            .map(|claimant| Seen::of(claimant, self.viewer(), held.clone()));
        Ok(People {
            seen: seen.collect(),
            identities,
        })
    }

    fn person_statement(&self, id: ClaimantId) -> Statement {
        use access_grant::Column;
        let rule = self.held_rule();
        let held: RelationDef = claimant::Entity::belongs_to(access_grant::Entity)
            .from(claimant::Column::Id)
            .to(Column::ClaimantId)
            .on_condition(move |_, _| rule.clone())
            .into();
        self.with_identities(claimant::Column::Id.eq(id).into())
            .select
            .join(JoinType::LeftJoin, held)
            .columns([Column::AccessGroup, Column::ReferralId, Column::ConsentId])
            .columns([Column::OpensAt, Column::ClosesAt])
            .build(self.backend())
    }

    /// The claimants of a condition that the caller may see, each with the identity that is open to it.
    fn with_identities(&self, which: Condition) -> Visible<'_, claimant::Entity, Reading> {
        let key: RelationDef = claimant_identity::Entity::belongs_to(claimant_key::Entity)
            .from(claimant_identity::Column::ClaimantId)
            .to(claimant_key::Column::ClaimantId)
            .into();
        let open = self.identity_rule_beside_claimant();
        let identity: RelationDef = claimant::Entity::belongs_to(claimant_identity::Entity)
            .from(claimant::Column::Id)
            .to(claimant_identity::Column::ClaimantId)
            .on_condition(move |_, _| open.clone())
            .into();
        self.find::<claimant::Entity>()
            .filter(which)
            .select(|select| {
                select
                    .join(JoinType::LeftJoin, identity)
                    .join(JoinType::LeftJoin, key)
                    .column(claimant_identity::Column::Content)
                    .column(claimant_key::Column::MasterKey)
                    .column(claimant_key::Column::Wrapped)
            })
    }

    fn opened_rows(&self, rows: impl IntoIterator<Item = Row>) -> Result<Read> {
        let mut identities = HashMap::new();
        let mut claimants = Vec::new();
        for row in rows {
            let sealed = (row.content, row.master_key, row.wrapped);
            // Without its key there is nothing to be read any more.
            if let (Some(content), Some(master_key), Some(wrapped)) = sealed {
                let id = row.claimant.id;
                let identity =
                    sealed::open_identity(self.seal(), id, content, master_key, wrapped)?;
                identities.insert(id, identity);
            }
            claimants.push(row.claimant);
        }
        Ok((claimants, self.opened(identities)))
    }
}
