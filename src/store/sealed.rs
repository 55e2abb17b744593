//! The sealed groups of a claimant: one document each, in a table of its own, encrypted under the claimant's data key.
//! Written and read here alone, each under the rule of its group; no caller can filter, sort or join on one.
use std::collections::HashMap;

use chrono::{DateTime, Utc};
use entity::{
    AccessGroup, ClaimantId, claimant, claimant_claim_status, claimant_contact,
    claimant_identifiers, claimant_identity, claimant_key, claimant_language_abilities,
    claimant_qualifications,
};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, FromQueryResult, IntoActiveModel,
    JoinType, QueryFilter, QuerySelect, QueryTrait,
    sea_query::{Expr, ExprTrait, OnConflict},
};
use serde::{Serialize, de::DeserializeOwned};

use super::{
    Readable, Session, Unit, Visible,
    disclosure::Opened,
    everything,
    grant::in_force,
    matching::Described,
    rows::among,
    seal::{DataKey, Place, Seal, Wrapped},
};
use crate::{
    domain::business_days::toronto_date,
    error::{Error, Problem, Refusal, Result},
    lock::Lock,
    viewer::Viewer,
};

mod content;

pub use content::{
    ClaimStatus, Contact, ContactPoint, Identifier, Identity, LanguageAbility, Qualification,
    WorkAuthorization,
};

/// The condition that the viewer's own organization registered the claimant in a column.
pub(super) fn registered_by(claimant: impl ColumnTrait, viewer: &Viewer) -> Expr {
    let own = claimant::Entity::find()
        .select_only()
        .column(claimant::Column::Id)
        .filter(
            Expr::col((claimant::Entity, claimant::Column::Id)).equals(claimant.as_column_ref()),
        )
        .filter(claimant::Column::RegisteringOrganizationId.eq(viewer.organization()));
    Expr::exists(own.into_query())
}

/// A table of one sealed group.
pub(super) trait Group: Readable {
    type Content: Serialize + DeserializeOwned + Send;

    fn row(claimant: ClaimantId, content: Vec<u8>) -> Self::ActiveModel;
    fn claimant() -> Self::Column;
    fn version() -> Self::Column;
    fn content() -> Self::Column;
}

/// The rows of claimants that the viewer registered, or of whom one of these groups is open to it.
fn open_to(
    viewer: &Viewer,
    claimant: impl ColumnTrait,
    groups: &[AccessGroup],
    now: DateTime<Utc>,
) -> Condition {
    open_or_own(
        viewer,
        claimant,
        groups,
        now,
        registered_by(claimant, viewer),
    )
}

/// The same, where it is said otherwise how a row is one of a claimant that the viewer registered.
fn open_or_own(
    viewer: &Viewer,
    claimant: impl ColumnTrait,
    groups: &[AccessGroup],
    now: DateTime<Utc>,
    registered: Expr,
) -> Condition {
    match viewer {
        Viewer::Ministry { .. } => super::nothing(),
        Viewer::Provider { .. } | Viewer::SettlementAgency { .. } => {
            let own = Condition::any().add(registered);
            match groups {
                [] => own,
                groups => own.add(in_force(claimant, viewer, groups, now)),
            }
        }
    }
}

macro_rules! groups {
    ($($entity:ident holds $content:ty, opened by $groups:expr;)+) => {$(
        impl Readable for $entity::Entity {
            fn visible_to(viewer: &Viewer, now: DateTime<Utc>) -> Condition {
                open_to(viewer, $entity::Column::ClaimantId, &$groups, now)
            }
        }

        impl Group for $entity::Entity {
            type Content = $content;

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
    claimant_identity holds Identity, opened by [AccessGroup::Identity];
    claimant_contact holds Contact, opened by [AccessGroup::Contact];
    claimant_identifiers holds Vec<Identifier>, opened by [];
    claimant_claim_status holds ClaimStatus, opened by [AccessGroup::ClaimStatus];
    claimant_qualifications holds Vec<Qualification>, opened by [AccessGroup::Qualifications];
    claimant_language_abilities holds Vec<LanguageAbility>,
        opened by [AccessGroup::LanguageLevels, AccessGroup::Qualifications];
}

/// A sealed group with the key that opens it.
#[derive(FromQueryResult)]
struct Row {
    claimant_id: ClaimantId,
    content: Vec<u8>,
    master_key: String,
    wrapped: Vec<u8>,
}

impl Row {
    fn open<E: Group>(self, seal: &Seal) -> Result<(ClaimantId, E::Content)> {
        if Lock::Decryption.is_off() {
            return Ok((self.claimant_id, unopened()?));
        }
        let key = seal.open_key(&Wrapped {
            master_key: self.master_key,
            bytes: self.wrapped,
        })?;
        let place = Place::group(E::default().table_name(), self.claimant_id);
        let content = key.open(place, &self.content)?;
        // What went wrong inside a document must not be told with a piece of it.
        let content = serde_json::from_slice(&content)
            .map_err(|_| Error::internal("a sealed group is not the document it should be"))?;
        Ok((self.claimant_id, content))
    }
}

/// Opens an identity that was read beside its claimant.
pub(super) fn open_identity(
    seal: &Seal,
    claimant_id: ClaimantId,
    content: Vec<u8>,
    master_key: String,
    wrapped: Vec<u8>,
) -> Result<Identity> {
    let row = Row {
        claimant_id,
        content,
        master_key,
        wrapped,
    };
    let (_, identity) = row.open::<claimant_identity::Entity>(seal)?;
    Ok(identity)
}

/// A document in which nothing stands.
fn unopened<T: DeserializeOwned>() -> Result<T> {
    let empty = r#"{"permission":"ANY","points":[],"stage":"ACKNOWLEDGED"}"#;
    let opened = serde_json::from_str(empty).or_else(|_| serde_json::from_str("[]"));
    opened.map_err(Error::internal)
}

/// Reads groups and their keys in one statement. One that does not open fails the whole answer.
async fn open<E: Group, C: ConnectionTrait>(
    seal: &Seal,
    rows: Visible<'_, E, C>,
    claimants: &[ClaimantId],
) -> Result<HashMap<ClaimantId, E::Content>> {
    let key = E::belongs_to(claimant_key::Entity)
        .from(E::claimant())
        .to(claimant_key::Column::ClaimantId);
    let backend = rows.connection.get_database_backend();
    let rows = rows.filter(among(backend, E::claimant(), claimants));
    rows.select
        .select_only()
        .column(E::claimant())
        .column(E::content())
        .column(claimant_key::Column::MasterKey)
        .column(claimant_key::Column::Wrapped)
        .join(JoinType::InnerJoin, key.into())
        .into_model::<Row>()
        .all(rows.connection)
        .await?
        .into_iter()
        .map(|row| row.open::<E>(seal))
        .collect()
}

/// A group as it is kept.
pub(super) fn sealed_row<E: Group>(
    key: &DataKey,
    claimant: ClaimantId,
    content: &E::Content,
) -> Result<E::ActiveModel> {
    let content = serde_json::to_vec(content).map_err(Error::internal)?;
    let place = Place::group(E::default().table_name(), claimant);
    Ok(E::row(claimant, key.seal(place, &content)?))
}

/// The key of a new claimant, as it is kept.
pub(super) fn key_row(
    seal: &Seal,
    claimant: ClaimantId,
    created_at: DateTime<Utc>,
) -> Result<(DataKey, claimant_key::Model)> {
    let (key, wrapped) = seal.new_key()?;
    let row = claimant_key::Model {
        claimant_id: claimant,
        master_key: wrapped.master_key,
        wrapped: wrapped.bytes,
        token_key: Some(seal.current_token_key().to_owned()),
        created_at,
    };
    Ok((key, row))
}

async fn drop_group<E: Group>(
    transaction: &impl ConnectionTrait,
    claimant: ClaimantId,
) -> Result<()> {
    E::delete_many()
        .filter(E::claimant().eq(claimant))
        .exec(transaction)
        .await?;
    Ok(())
}

async fn put<E: Group>(
    transaction: &impl ConnectionTrait,
    key: &DataKey,
    claimant: ClaimantId,
    content: &E::Content,
) -> Result<()>
where
    E::ActiveModel: Send,
{
    let version = sea_orm::sea_query::Expr::col((E::default(), E::version())).add(1);
    E::insert(sealed_row::<E>(key, claimant, content)?)
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

/// What any claimants are known by, for tokens and comparison.
pub(super) async fn unscoped_described(
    seal: &Seal,
    transaction: &impl ConnectionTrait,
    claimants: &[ClaimantId],
) -> Result<HashMap<ClaimantId, Described>> {
    let identities = Visible {
        select: claimant_identity::Entity::find(),
        connection: transaction,
    };
    let identifiers = Visible {
        select: claimant_identifiers::Entity::find(),
        connection: transaction,
    };
    let mut described: HashMap<ClaimantId, Described> = HashMap::new();
    for (claimant, identity) in open(seal, identities, claimants).await? {
        described.entry(claimant).or_default().identity = Some(identity);
    }
    for (claimant, identifiers) in open(seal, identifiers, claimants).await? {
        described.entry(claimant).or_default().identifiers = identifiers;
    }
    Ok(described)
}

/// Forgets everything sealed of a claimant, and the key first of all.
pub(super) async fn forget(transaction: &impl ConnectionTrait, claimant: ClaimantId) -> Result<()> {
    claimant_key::Entity::delete_by_id(claimant)
        .exec(transaction)
        .await?;
    drop_group::<claimant_identity::Entity>(transaction, claimant).await?;
    drop_group::<claimant_contact::Entity>(transaction, claimant).await?;
    drop_group::<claimant_identifiers::Entity>(transaction, claimant).await?;
    drop_group::<claimant_claim_status::Entity>(transaction, claimant).await?;
    drop_group::<claimant_qualifications::Entity>(transaction, claimant).await?;
    drop_group::<claimant_language_abilities::Entity>(transaction, claimant).await
}

impl Session {
    /// The rule of identities in a statement that reads the claimant beside it.
    pub(super) fn identity_rule_beside_claimant(&self) -> Condition {
        if self.leaves_rules_out() {
            return everything();
        }
        let registering = claimant::Column::RegisteringOrganizationId;
        open_or_own(
            self.viewer(),
            claimant_identity::Column::ClaimantId,
            &[AccessGroup::Identity],
            self.now,
            registering.eq(self.viewer().organization()),
        )
    }

    /// The identities among `claimants` that are open to the caller now.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn identities(
        &self,
        claimants: &[ClaimantId],
    ) -> Result<HashMap<ClaimantId, Opened<Identity>>> {
        let rows = self.find::<claimant_identity::Entity>();
        Ok(self.opened(open(self.seal(), rows, claimants).await?))
    }

    /// The contacts among `claimants` that are open to the caller now. What another organization may not use of an
    /// open one is the claimant's view to withhold.
    pub(super) async fn contacts(
        &self,
        claimants: &[ClaimantId],
    ) -> Result<HashMap<ClaimantId, Opened<Contact>>> {
        let rows = self.find::<claimant_contact::Entity>();
        Ok(self.opened(open(self.seal(), rows, claimants).await?))
    }

    /// The identifiers of those among `claimants` that the caller's organization registered.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn identifiers(
        &self,
        claimants: &[ClaimantId],
    ) -> Result<HashMap<ClaimantId, Opened<Vec<Identifier>>>> {
        let rows = self.find::<claimant_identifiers::Entity>();
        Ok(self.opened(open(self.seal(), rows, claimants).await?))
    }

    /// The claim statuses among `claimants` that are open to the caller now.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn claim_statuses(
        &self,
        claimants: &[ClaimantId],
    ) -> Result<HashMap<ClaimantId, Opened<ClaimStatus>>> {
        let rows = self.find::<claimant_claim_status::Entity>();
        Ok(self.opened(open(self.seal(), rows, claimants).await?))
    }

    /// Whether those among `claimants` may work of whom the caller may know it now; the claim status from which it
    /// follows stays here. Its end is the claimant's view to withhold.
    pub(super) async fn work_authorizations(
        &self,
        claimants: &[ClaimantId],
    ) -> Result<HashMap<ClaimantId, Opened<WorkAuthorization>>> {
        let groups = [
            AccessGroup::WorkAuthorizationState,
            AccessGroup::WorkAuthorization,
        ];
        let known = open_to(
            self.viewer(),
            claimant_claim_status::Column::ClaimantId,
            &groups,
            self.now,
        );
        let rows = Visible::<claimant_claim_status::Entity, _> {
            select: claimant_claim_status::Entity::find().filter(known),
            connection: self.reader(),
        };
        let today = toronto_date(self.now);
        let known = open(self.seal(), rows, claimants)
            .await?
            .into_iter()
            .map(|(claimant, status)| (claimant, status.work_authorization(today)))
            .collect();
        Ok(self.opened(known))
    }

    /// The qualifications among those of `claimants` that are open to the caller now.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn qualifications(
        &self,
        claimants: &[ClaimantId],
    ) -> Result<HashMap<ClaimantId, Opened<Vec<Qualification>>>> {
        let rows = self.find::<claimant_qualifications::Entity>();
        Ok(self.opened(open(self.seal(), rows, claimants).await?))
    }

    /// The language abilities of `claimants` that are open to the caller now, at least their levels. What more there
    /// is of them is the claimant's view to withhold.
    pub(super) async fn language_abilities(
        &self,
        claimants: &[ClaimantId],
    ) -> Result<HashMap<ClaimantId, Opened<Vec<LanguageAbility>>>> {
        let rows = self.find::<claimant_language_abilities::Entity>();
        Ok(self.opened(open(self.seal(), rows, claimants).await?))
    }
}

impl Unit<'_> {
    /// What a claimant of the caller's own organization is known by.
    pub(super) async fn described(&self, claimant: ClaimantId) -> Result<Described> {
        Ok(Described {
            identity: self.identity(claimant).await?,
            identifiers: self
                .own_identifiers(&[claimant])
                .await?
                .remove(&claimant)
                .unwrap_or_default(),
            language: None,
        })
    }

    /// The identity of a claimant of the caller's own organization.
    pub(super) async fn identity(&self, claimant: ClaimantId) -> Result<Option<Identity>> {
        Ok(self.identities(&[claimant]).await?.remove(&claimant))
    }

    /// The identities of claimants that are open to the caller now.
    pub(super) async fn identities(
        &self,
        claimants: &[ClaimantId],
    ) -> Result<HashMap<ClaimantId, Identity>> {
        let rows = self.find::<claimant_identity::Entity>();
        open(self.session.seal(), rows, claimants).await
    }

    /// The contacts of claimants, as far as the caller may know them: of one that it registered whole, of any other what
    /// it may use.
    pub(super) async fn contacts(
        &self,
        claimants: &[ClaimantId],
    ) -> Result<HashMap<ClaimantId, Contact>> {
        let rows = self.find::<claimant_contact::Entity>();
        let mut contacts = open(self.session.seal(), rows, claimants).await?;
        if contacts.is_empty() {
            return Ok(contacts);
        }
        let own: Vec<ClaimantId> = self
            .find::<claimant::Entity>()
            .filter(claimant::Column::Id.is_in(claimants.iter().copied()))
            .filter(
                claimant::Column::RegisteringOrganizationId
                    .eq(self.session.viewer().organization()),
            )
            .all()
            .await?
            .into_iter()
            .map(|row| row.id)
            .collect();
        contacts.retain(|id, contact| own.contains(id) || contact.leave_usable());
        Ok(contacts)
    }

    /// The identifiers of claimants of the caller's own organization.
    pub(super) async fn own_identifiers(
        &self,
        claimants: &[ClaimantId],
    ) -> Result<HashMap<ClaimantId, Vec<Identifier>>> {
        let rows = self.find::<claimant_identifiers::Entity>();
        open(self.session.seal(), rows, claimants).await
    }

    /// The qualifications of a claimant of the caller's own organization.
    pub(super) async fn own_qualifications(
        &self,
        claimant: ClaimantId,
    ) -> Result<Vec<Qualification>> {
        let rows = self.find::<claimant_qualifications::Entity>();
        Ok(open(self.session.seal(), rows, &[claimant])
            .await?
            .remove(&claimant)
            .unwrap_or_default())
    }

    /// The qualifications of a claimant, whoever registered the person: for what follows from an outcome, and never for
    /// the caller.
    pub(super) async fn unscoped_qualifications(
        &self,
        claimant: ClaimantId,
    ) -> Result<Vec<Qualification>> {
        let rows: Visible<'_, claimant_qualifications::Entity, _> =
            Visible::new(everything(), &self.work);
        Ok(open(self.session.seal(), rows, &[claimant])
            .await?
            .remove(&claimant)
            .unwrap_or_default())
    }

    /// The language abilities of a claimant of the caller's own organization.
    pub(super) async fn own_language_abilities(
        &self,
        claimant: ClaimantId,
    ) -> Result<Vec<LanguageAbility>> {
        let rows = self.find::<claimant_language_abilities::Entity>();
        Ok(open(self.session.seal(), rows, &[claimant])
            .await?
            .remove(&claimant)
            .unwrap_or_default())
    }

    pub(super) async fn put_qualifications(
        &self,
        key: &DataKey,
        claimant: ClaimantId,
        qualifications: &Vec<Qualification>,
    ) -> Result<()> {
        put::<claimant_qualifications::Entity>(&self.work, key, claimant, qualifications).await
    }

    pub(super) async fn put_language_abilities(
        &self,
        key: &DataKey,
        claimant: ClaimantId,
        abilities: &Vec<LanguageAbility>,
    ) -> Result<()> {
        put::<claimant_language_abilities::Entity>(&self.work, key, claimant, abilities).await
    }

    pub(super) async fn put_identity(
        &self,
        key: &DataKey,
        claimant: ClaimantId,
        identity: &Identity,
    ) -> Result<()> {
        put::<claimant_identity::Entity>(&self.work, key, claimant, identity).await
    }

    pub(super) async fn put_contact(
        &self,
        key: &DataKey,
        claimant: ClaimantId,
        contact: &Contact,
    ) -> Result<()> {
        put::<claimant_contact::Entity>(&self.work, key, claimant, contact).await
    }

    pub(super) async fn put_identifiers(
        &self,
        key: &DataKey,
        claimant: ClaimantId,
        identifiers: &Vec<Identifier>,
    ) -> Result<()> {
        put::<claimant_identifiers::Entity>(&self.work, key, claimant, identifiers).await
    }

    pub(super) async fn put_claim_status(
        &self,
        key: &DataKey,
        claimant: ClaimantId,
        status: &ClaimStatus,
    ) -> Result<()> {
        put::<claimant_claim_status::Entity>(&self.work, key, claimant, status).await
    }

    /// Makes the data key of a new claimant.
    pub(super) async fn make_claimant_key(&self, claimant: ClaimantId) -> Result<DataKey> {
        let (key, row) = key_row(self.session.seal(), claimant, self.session.now)?;
        claimant_key::Entity::insert(row.into_active_model())
            .exec_without_returning(&self.work)
            .await?;
        Ok(key)
    }

    /// The wrapped data key of a claimant; none once the person is erased.
    pub(super) async fn claimant_key(
        &self,
        claimant: ClaimantId,
    ) -> Result<Option<claimant_key::Model>> {
        Ok(claimant_key::Entity::find_by_id(claimant)
            .one(&self.work)
            .await?)
    }

    /// The opened data key of a claimant, to seal something more under it.
    pub(super) async fn data_key(&self, claimant: ClaimantId) -> Result<DataKey> {
        let key = self.claimant_key(claimant).await?;
        let key = key.ok_or_else(|| Refusal::at(Problem::ClaimantErased, "claimantId"))?;
        self.session.seal().open_key(&Wrapped::of_claimant(&key))
    }

    pub(super) async fn drop_identity(&self, claimant: ClaimantId) -> Result<()> {
        drop_group::<claimant_identity::Entity>(&self.work, claimant).await
    }

    pub(super) async fn drop_contact(&self, claimant: ClaimantId) -> Result<()> {
        drop_group::<claimant_contact::Entity>(&self.work, claimant).await
    }

    pub(super) async fn drop_identifiers(&self, claimant: ClaimantId) -> Result<()> {
        drop_group::<claimant_identifiers::Entity>(&self.work, claimant).await
    }

    pub(super) async fn drop_claim_status(&self, claimant: ClaimantId) -> Result<()> {
        drop_group::<claimant_claim_status::Entity>(&self.work, claimant).await
    }
}
