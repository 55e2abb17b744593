//! Disclosures, as the caller may see them, and the checkpoints of the chain that they stand in.
use async_graphql::{Context, ID, Object, Result};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use entity::{ClaimantId, FieldGroup, Language, audit_checkpoint, disclosure};

use super::{
    consent::Consent,
    context::{OrAnswer, Resolver},
    directory::{Organization, known_organization},
    node::may_read,
    page::{Connection, List, Page},
    referral::Referral,
    scalar::DateTime,
};
use crate::{
    domain::audit_chain,
    message::disclosure::{Shown, sentence},
    opaque::NodeType,
    store::page::Field,
};

/// What one answer showed of one claimant. Seen by the organization to which it was shown, and by the one that
/// registered the person; never by the ministry.
pub struct Disclosure(pub(super) disclosure::Model);

#[Object]
impl Disclosure {
    pub(super) async fn id(&self, context: &Context<'_>) -> ID {
        context.id(self.0.id)
    }

    async fn at(&self) -> DateTime {
        DateTime(self.0.at)
    }

    /// To which organization.
    async fn organization(&self, context: &Context<'_>) -> Result<Organization> {
        known_organization(context, self.0.organization_id).await
    }

    /// Through which software. Null to other organizations where it is known by the name of a worker.
    async fn client(&self) -> Option<&str> {
        Some(self.0.client.as_str()).filter(|client| !client.is_empty())
    }

    /// Which sealed groups.
    async fn groups(&self) -> &[FieldGroup] {
        &self.0.field_groups.0
    }

    /// For which referral; null to the organization that registered the person, and where the caller may not see it.
    async fn referral(&self, context: &Context<'_>) -> Result<Option<Referral>> {
        let Some(id) = self.0.referral_id else {
            return Ok(None);
        };
        let found = context.loaders().one(id).await.or_answer(context)?;
        Ok(found.map(Referral::from))
    }

    /// Under which consent; null where none was needed, and where the caller may not see it.
    async fn consent(&self, context: &Context<'_>) -> Result<Option<Consent>> {
        let Some(id) = self.0.consent_id else {
            return Ok(None);
        };
        let found = context.loaders().one(id).await.or_answer(context)?;
        Ok(found.map(Consent))
    }

    /// All of this as one sentence for the person it is about. It names nobody.
    async fn sentence(&self, context: &Context<'_>, language: Option<Language>) -> Result<String> {
        let language = language.unwrap_or(context.language());
        let loaders = context.loaders();
        let organization = loaders.one(self.0.organization_id);
        let organization = organization.await.or_answer(context)?;
        let name = organization.map(|row| match language {
            Language::En => row.name_en.clone(),
            Language::Fr => row.name_fr.clone(),
        });
        let need = match self
            .0
            .referral_id
            .filter(|_| may_read(context, NodeType::Referral))
        {
            Some(id) => loaders.one(id).await.or_answer(context)?,
            None => None,
        };
        let consent = match self
            .0
            .consent_id
            .filter(|_| may_read(context, NodeType::Consent))
        {
            Some(id) => loaders.one(id).await.or_answer(context)?,
            None => None,
        };
        let shown = Shown {
            organization: name.as_deref().unwrap_or_default(),
            at: self.0.at,
            groups: &self.0.field_groups.0,
            need: need.map(|seen| seen.referral.category),
            consent_given_at: consent.map(|whole| whole.consent.given_at),
            registering: self.0.referral_id.is_none() && self.0.consent_id.is_none(),
        };
        Ok(sentence(&shown, language))
    }
}

pub(super) async fn disclosure_connection(
    context: &Context<'_>,
    claimant: Option<ClaimantId>,
    page: Page,
) -> Result<Connection<Disclosure>> {
    let of = claimant.map_or(String::new(), |id| id.0.to_string());
    let list = List::new(format!("disclosures {of}"), Field::Position);
    let slice = list.slice(context, page).or_answer(context)?;
    let paged = context.session().disclosure_list(claimant, &slice).await;
    let paged = paged.or_answer(context)?;
    Ok(list.connection(context, paged, |row| row, Disclosure))
}

/// A signed place of the audit chain, in which every journal entry and every disclosure is linked to all before it. Keep
/// it, and the operator can be asked to verify the chain against it. The signature is Ed25519 (RFC 8032) over four lines,
/// each with a line feed after it: `claimant-gateway audit checkpoint 1`, `position`, `at` with six decimals of the second
/// and `Z`, `link`.
pub struct AuditCheckpoint(pub(super) audit_checkpoint::Model);

#[Object]
impl AuditCheckpoint {
    /// How many links the chain had; a decimal number.
    async fn position(&self) -> String {
        self.0.position.to_string()
    }

    async fn at(&self) -> DateTime {
        DateTime(self.0.at)
    }

    /// The link at this position: a SHA-256 hash, in hexadecimal.
    async fn link(&self) -> String {
        audit_chain::hex(&self.0.link)
    }

    /// Base64url, without padding.
    async fn signature(&self) -> String {
        URL_SAFE_NO_PAD.encode(&self.0.signature)
    }

    /// The thumbprint (RFC 7638) of the public key.
    async fn key_id(&self) -> &str {
        &self.0.key_id
    }

    /// The 32 bytes of the public key, base64url, without padding.
    async fn public_key(&self) -> String {
        URL_SAFE_NO_PAD.encode(&self.0.public_key)
    }
}
