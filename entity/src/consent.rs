//! A consent, or a refusal, of one person.
use sea_orm::entity::prelude::*;

use crate::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "consent")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ConsentId,
    pub claimant_id: ClaimantId,
    pub recorded_by_id: OrganizationId,
    pub purposes: NeedCategories,
    pub field_groups: FieldGroups,
    /// Whether it covers every party of a referral.
    pub any_party: bool,
    pub method: ConsentMethod,
    pub language: Option<String>,
    pub interpreter: InterpreterKind,
    pub given_by: ConsentGiver,
    /// Sealed under the key of the claimant.
    pub authority: Option<Sealed>,
    pub refused: bool,
    pub given_at: DateTimeUtc,
    pub expires_at: Option<DateTimeUtc>,
    /// The birthday of the age of consent, where a guardian gave it: its end, whatever period was said.
    pub guardian_ends_at: Option<DateTimeUtc>,
    pub withdrawn_at: Option<DateTimeUtc>,
}

impl ActiveModelBehavior for ActiveModel {}
