//! Sample operations: what the three organizations of the demo would ask first.

/// A GraphQL document with its title.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operation {
    pub title_en: &'static str,
    pub title_fr: &'static str,
    pub query: &'static str,
}

/// What became of the referrals that an agency sent.
pub const AGENCY_OUTBOX: &str = r"query Outbox {
  referrals(box: OUTBOX, first: 10) {
    edges {
      node {
        reference
        status
        category
        owner { name }
        outcomes { kind date }
      }
    }
    pageInfo { hasNextPage endCursor }
  }
}";

/// What a provider works on, with the identity of whoever consented.
pub const PROVIDER_INBOX: &str = r"query Inbox {
  referrals(box: INBOX, first: 10) {
    edges {
      node {
        reference
        status
        priority
        overdue
        summary
        claimant {
          identity { fullName }
          identityAccess
        }
        availableActions
      }
    }
    pageInfo { hasNextPage endCursor }
  }
}";

/// How many referrals there are, by month and status.
pub const MINISTRY_REPORT: &str = r#"query Report($from: Date! = "2020-01-01", $to: Date! = "2029-12-31") {
  referralReport(input: { period: { from: $from, to: $to }, groupBy: [STATUS, MONTH] }) {
    asOf
    rows {
      keys { dimension value label }
      count
      suppressed
    }
    suppressed
    total
  }
}"#;

const OPEN_REFERRALS: &str = r"query Open {
  referrals(box: OPEN, filter: { priority: URGENT }, orderBy: { field: DUE_AT, direction: ASC }, first: 10) {
    edges {
      node {
        id
        version
        category
        region { name(language: FR) }
        language
        interpreterNeeded
        ageBand
        dueAt
        overdue
      }
    }
  }
}";

const SERVICES: &str = r"query Services {
  services(filter: { category: [HOUSING, HEALTH], hasCapacity: true, status: [ACTIVE] }, first: 10) {
    edges {
      node {
        id
        name(language: FR)
        organization { name region { name } }
        languages
        offeredInFrench
        capacity { status unit available stale updatedAt }
      }
    }
  }
}";

const CLAIMANTS: &str = r"query Claimants {
  claimants(filter: { needStatus: OPEN }, first: 10) {
    edges {
      node {
        id
        language
        ageBand
        needs { category priority status wantedFrom }
        consents { status purposes fieldGroups anyParty expiresAt }
      }
    }
  }
}";

const CHANGES: &str = r"query Changes($after: Cursor) {
  changes(after: $after, first: 20) {
    edges {
      cursor
      node { at kind fromStatus toStatus reason subject { id } }
    }
    pageInfo { hasNextPage endCursor }
  }
}";

const ACCEPT: &str = r"mutation Accept($id: ID!, $version: Int!) {
  referralAccept(input: { id: $id, expectedVersion: $version }) {
    referral { reference status version availableActions }
    userErrors { code message field currentVersion }
  }
}";

const CREATE: &str = r"mutation Refer($claimant: ID!, $service: ID!) {
  referralCreate(input: { claimantId: $claimant, serviceId: $service, category: HOUSING, send: true }) {
    referral { id reference status dueAt version }
    userErrors { code message field currentVersion }
  }
}";

const PREVIEW: &str = r"query Preview($claimant: ID!, $service: ID!) {
  referralPreview(input: { claimantId: $claimant, serviceId: $service, category: EMPLOYMENT }) {
    canSend
    eligibility {
      eligible
      failed { code message sourceUrl }
      unknown { code message }
    }
    capacity { status available stale }
    consent
    duplicates { reference status }
  }
}";

/// Every sample, the first of each organization first.
pub fn operations() -> Vec<Operation> {
    [
        (
            "Agency: what became of our referrals",
            "Organisme : que sont devenus nos aiguillages",
            AGENCY_OUTBOX,
        ),
        (
            "Provider: what came in",
            "Fournisseur : ce qui est arrivé",
            PROVIDER_INBOX,
        ),
        (
            "Ministry: referrals by status and month",
            "Ministère : aiguillages par état et par mois",
            MINISTRY_REPORT,
        ),
        (
            "Provider: urgent open referrals",
            "Fournisseur : aiguillages ouverts urgents",
            OPEN_REFERRALS,
        ),
        (
            "Directory: housing and health with room",
            "Répertoire : logement et santé avec places",
            SERVICES,
        ),
        (
            "Agency: claimants with open needs",
            "Organisme : demandeurs d'asile aux besoins non comblés",
            CLAIMANTS,
        ),
        (
            "What changed, from the beginning",
            "Ce qui a changé, depuis le début",
            CHANGES,
        ),
        (
            "Provider: accept a referral",
            "Fournisseur : accepter un aiguillage",
            ACCEPT,
        ),
        (
            "Agency: what would become of a referral",
            "Organisme : ce que deviendrait un aiguillage",
            PREVIEW,
        ),
        (
            "Agency: send a referral",
            "Organisme : envoyer un aiguillage",
            CREATE,
        ),
    ]
    .into_iter()
    .map(|(title_en, title_fr, query)| Operation {
        title_en,
        title_fr,
        query,
    })
    .collect()
}
