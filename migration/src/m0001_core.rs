//! Organizations and their services, claimants with each sealed group in a table of its own, referrals, the journal.
use sea_orm_migration::prelude::*;

use crate::dialect;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for script in [DIRECTORY, CLAIMANT, REFERRAL, JOURNAL] {
            dialect::run(manager, script).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in TABLES.iter().rev() {
            dialect::run(manager, &format!("DROP TABLE {table};")).await?;
        }
        Ok(())
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

/// Every table, each after those it refers to.
const TABLES: [&str; 29] = [
    "region",
    "organization",
    "catchment",
    "organization_catchment",
    "service",
    "service_category",
    "service_language",
    "service_region",
    "service_capacity",
    "location",
    "service_at_location",
    "claimant",
    "claimant_identity",
    "claimant_contact",
    "claimant_identifiers",
    "claimant_claim_status",
    "claimant_name_token",
    "need",
    "consent",
    "consent_recipient",
    "referral",
    "outcome",
    "reroute_request",
    "access_grant",
    "journal_entry",
    "journal_audience",
    "journal_head",
    "lease",
    "idempotency",
];

const DIRECTORY: &str = r"
CREATE TABLE region (
    id {uuid} PRIMARY KEY,
    code TEXT NOT NULL UNIQUE,
    name_en {name} NOT NULL,
    name_fr {name} NOT NULL,
    office_email TEXT,
    office_phone TEXT,
    office_hours_en TEXT,
    office_hours_fr TEXT
) {strict};

CREATE TABLE organization (
    id {uuid} PRIMARY KEY,
    code TEXT NOT NULL UNIQUE, -- the value of the organization claim in tokens
    name_en {name} NOT NULL,
    name_fr {name} NOT NULL,
    kind TEXT NOT NULL,
    region_id {uuid} REFERENCES region (id),
    active {bool} NOT NULL,
    description_en TEXT,
    description_fr TEXT,
    email TEXT,
    phone TEXT,
    website TEXT,
    languages {json} NOT NULL,
    search TEXT NOT NULL, -- the words of its names, without case and accents
    hsds_id TEXT UNIQUE,
    created_at {time} NOT NULL,
    updated_at {time} NOT NULL,
    version INTEGER NOT NULL
) {strict};
CREATE INDEX organization_by_name ON organization (name_en, id);
CREATE INDEX organization_by_kind ON organization (kind, name_en, id);

CREATE TABLE catchment (
    id {uuid} PRIMARY KEY,
    code TEXT NOT NULL UNIQUE,
    name_en {name} NOT NULL,
    name_fr {name} NOT NULL,
    region_id {uuid} REFERENCES region (id),
    manager_id {uuid} REFERENCES organization (id),
    valid_from {date} NOT NULL,
    valid_to {date},
    sourced {bool} NOT NULL -- whether a public source confirms the name
) {strict};

CREATE TABLE organization_catchment (
    organization_id {uuid} NOT NULL REFERENCES organization (id),
    catchment_id {uuid} NOT NULL REFERENCES catchment (id),
    PRIMARY KEY (organization_id, catchment_id)
) {strict};

CREATE TABLE service (
    id {uuid} PRIMARY KEY,
    organization_id {uuid} NOT NULL REFERENCES organization (id),
    name_en {name} NOT NULL,
    name_fr {name} NOT NULL,
    description_en TEXT,
    description_fr TEXT,
    status TEXT NOT NULL,
    program TEXT,
    delivery_mode TEXT,
    offered_in_french {bool} NOT NULL,
    url TEXT,
    email TEXT,
    phone TEXT,
    eligibility_description TEXT,
    application_process TEXT,
    fees_description TEXT,
    minimum_age INTEGER,
    maximum_age INTEGER,
    search TEXT NOT NULL, -- the words of its names and descriptions, without case and accents
    hsds_id TEXT UNIQUE,
    created_at {time} NOT NULL,
    updated_at {time} NOT NULL,
    version INTEGER NOT NULL
) {strict};
CREATE INDEX service_by_name ON service (name_en, id);
CREATE INDEX service_by_organization ON service (organization_id, name_en, id);

CREATE TABLE service_category (
    service_id {uuid} NOT NULL REFERENCES service (id),
    category TEXT NOT NULL,
    PRIMARY KEY (service_id, category)
) {strict};
CREATE INDEX service_category_by_category ON service_category (category, service_id);

CREATE TABLE service_language (
    service_id {uuid} NOT NULL REFERENCES service (id),
    language TEXT NOT NULL,
    PRIMARY KEY (service_id, language)
) {strict};

-- The regions a service is for; none: every region.
CREATE TABLE service_region (
    service_id {uuid} NOT NULL REFERENCES service (id),
    region_id {uuid} NOT NULL REFERENCES region (id),
    PRIMARY KEY (service_id, region_id)
) {strict};

CREATE TABLE service_capacity (
    service_id {uuid} PRIMARY KEY REFERENCES service (id),
    status TEXT NOT NULL,
    unit TEXT NOT NULL,
    available INTEGER,
    maximum INTEGER,
    updated_at {time} NOT NULL
) {strict};

CREATE TABLE location (
    id {uuid} PRIMARY KEY,
    organization_id {uuid} REFERENCES organization (id),
    name TEXT,
    description TEXT,
    transportation TEXT,
    address_line_1 TEXT,
    address_line_2 TEXT,
    city TEXT,
    province TEXT,
    postal_code TEXT,
    country TEXT,
    latitude {real},
    longitude {real},
    confidential {bool} NOT NULL,
    hsds_id TEXT UNIQUE,
    created_at {time} NOT NULL,
    updated_at {time} NOT NULL
) {strict};

CREATE TABLE service_at_location (
    id {uuid} PRIMARY KEY,
    service_id {uuid} NOT NULL REFERENCES service (id),
    location_id {uuid} NOT NULL REFERENCES location (id),
    description TEXT,
    hsds_id TEXT UNIQUE,
    UNIQUE (service_id, location_id)
) {strict};
";

const CLAIMANT: &str = r"
CREATE TABLE claimant (
    id {uuid} PRIMARY KEY,
    registering_organization_id {uuid} NOT NULL REFERENCES organization (id),
    region_id {uuid} REFERENCES region (id),
    municipality TEXT,
    location_protected {bool} NOT NULL,
    language TEXT,
    official_language TEXT,
    interpreter_needed {bool} NOT NULL,
    age_band TEXT,
    created_at {time} NOT NULL,
    updated_at {time} NOT NULL,
    version INTEGER NOT NULL, -- of the open part
    record_version INTEGER NOT NULL -- moves with every edit, of sealed groups as well
) {strict};
CREATE INDEX claimant_by_organization ON claimant (registering_organization_id, id);
CREATE INDEX claimant_by_update ON claimant (registering_organization_id, updated_at, id);

-- One table for each sealed group; the content is one document that only the store reads and writes.
CREATE TABLE claimant_identity (
    claimant_id {uuid} PRIMARY KEY REFERENCES claimant (id),
    version INTEGER NOT NULL,
    content {bytes} NOT NULL
) {strict};
CREATE TABLE claimant_contact (
    claimant_id {uuid} PRIMARY KEY REFERENCES claimant (id),
    version INTEGER NOT NULL,
    content {bytes} NOT NULL
) {strict};
CREATE TABLE claimant_identifiers (
    claimant_id {uuid} PRIMARY KEY REFERENCES claimant (id),
    version INTEGER NOT NULL,
    content {bytes} NOT NULL
) {strict};
CREATE TABLE claimant_claim_status (
    claimant_id {uuid} PRIMARY KEY REFERENCES claimant (id),
    version INTEGER NOT NULL,
    content {bytes} NOT NULL
) {strict};

-- Keyed tokens of the parts of a name: by them, and by nothing else, a registering organization finds its own people.
CREATE TABLE claimant_name_token (
    organization_id {uuid} NOT NULL REFERENCES organization (id),
    token {bytes} NOT NULL,
    claimant_id {uuid} NOT NULL REFERENCES claimant (id),
    PRIMARY KEY (organization_id, token, claimant_id)
) {strict};
CREATE INDEX claimant_name_token_by_claimant ON claimant_name_token (claimant_id);

CREATE TABLE need (
    id {uuid} PRIMARY KEY,
    claimant_id {uuid} NOT NULL REFERENCES claimant (id),
    category TEXT NOT NULL,
    priority INTEGER NOT NULL,
    status TEXT NOT NULL,
    wanted_from {date},
    created_at {time} NOT NULL,
    updated_at {time} NOT NULL
) {strict};
CREATE INDEX need_by_claimant ON need (claimant_id, priority, id);

CREATE TABLE consent (
    id {uuid} PRIMARY KEY,
    claimant_id {uuid} NOT NULL REFERENCES claimant (id),
    recorded_by_id {uuid} NOT NULL REFERENCES organization (id),
    purposes {json} NOT NULL,
    field_groups {json} NOT NULL,
    any_party {bool} NOT NULL,
    method TEXT NOT NULL,
    language TEXT,
    interpreter TEXT NOT NULL,
    given_by TEXT NOT NULL,
    authority TEXT,
    refused {bool} NOT NULL,
    given_at {time} NOT NULL,
    expires_at {time},
    withdrawn_at {time}
) {strict};
CREATE INDEX consent_by_claimant ON consent (claimant_id, given_at, id);

-- Whom a consent names: an organization, or every organization of a kind.
CREATE TABLE consent_recipient (
    id {uuid} PRIMARY KEY,
    consent_id {uuid} NOT NULL REFERENCES consent (id),
    organization_id {uuid} REFERENCES organization (id),
    kind TEXT,
    CHECK ((organization_id IS NULL) <> (kind IS NULL))
) {strict};
CREATE INDEX consent_recipient_by_consent ON consent_recipient (consent_id);
";

const REFERRAL: &str = r"
CREATE TABLE referral (
    id {uuid} PRIMARY KEY,
    reference TEXT NOT NULL UNIQUE,
    status TEXT NOT NULL,
    sub_status TEXT,
    status_reason TEXT,
    decided_by TEXT,
    priority TEXT NOT NULL,
    category TEXT NOT NULL,
    summary TEXT,
    source_id {uuid} NOT NULL REFERENCES organization (id),
    owner_id {uuid} REFERENCES organization (id),
    owner_access {bool} NOT NULL, -- whether the owner is a party still
    owner_since INTEGER, -- the version with which the owner's tenure began
    claimant_id {uuid} REFERENCES claimant (id),
    registering_organization_id {uuid} REFERENCES organization (id), -- the claimant's
    need_id {uuid} REFERENCES need (id),
    service_id {uuid} REFERENCES service (id),
    region_id {uuid} REFERENCES region (id),
    language TEXT,
    interpreter_needed {bool},
    age_band TEXT,
    party_size INTEGER,
    assignee TEXT,
    part_of_id {uuid} REFERENCES referral (id),
    replaces_id {uuid} UNIQUE REFERENCES referral (id), -- a referral is replaced once
    due_at {time},
    review_at {time},
    created_at {time} NOT NULL,
    created_month {date} NOT NULL, -- of America/Toronto
    updated_at {time} NOT NULL,
    sent_at {time},
    answered_at {time},
    contacted_at {time},
    closed_at {time},
    version INTEGER NOT NULL
) {strict};
CREATE INDEX referral_inbox ON referral (owner_id, created_at DESC, id DESC);
CREATE INDEX referral_inbox_by_update ON referral (owner_id, updated_at DESC, id DESC);
CREATE INDEX referral_outbox ON referral (source_id, created_at DESC, id DESC);
CREATE INDEX referral_outbox_by_update ON referral (source_id, updated_at DESC, id DESC);
CREATE INDEX referral_by_registering ON referral (registering_organization_id, created_at DESC, id DESC);
CREATE INDEX referral_by_claimant ON referral (claimant_id, created_at DESC, id DESC);
CREATE INDEX referral_open ON referral (category, region_id, created_at DESC, id DESC) WHERE owner_id IS NULL AND status = 'REQUESTED';
CREATE INDEX referral_by_region ON referral (region_id, created_at DESC, id DESC);
CREATE INDEX referral_by_month ON referral (created_month, region_id, status, category);
CREATE INDEX referral_by_part_of ON referral (part_of_id) WHERE part_of_id IS NOT NULL;

CREATE TABLE outcome (
    id {uuid} PRIMARY KEY,
    referral_id {uuid} NOT NULL REFERENCES referral (id),
    claimant_id {uuid} REFERENCES claimant (id),
    recorded_by_id {uuid} NOT NULL REFERENCES organization (id),
    kind TEXT NOT NULL,
    date {date} NOT NULL,
    note TEXT,
    follow_up_on {date},
    created_at {time} NOT NULL
) {strict};
CREATE INDEX outcome_by_referral ON outcome (referral_id, created_at, id);

-- What the ministry asked a source to do; the answer to the ministry never tells what became of it.
CREATE TABLE reroute_request (
    id {uuid} PRIMARY KEY,
    referral_id {uuid} NOT NULL REFERENCES referral (id),
    requested_by_id {uuid} NOT NULL REFERENCES organization (id),
    service_id {uuid} REFERENCES service (id),
    reason TEXT NOT NULL,
    created_at {time} NOT NULL
) {strict};

-- What follows from relations and consents: read with closes_at > now by every path, written with every change.
CREATE TABLE access_grant (
    id {uuid} PRIMARY KEY,
    claimant_id {uuid} NOT NULL REFERENCES claimant (id),
    organization_id {uuid} NOT NULL REFERENCES organization (id),
    access_group TEXT NOT NULL,
    category TEXT, -- for needs: which ones
    referral_id {uuid} NOT NULL REFERENCES referral (id),
    consent_id {uuid} REFERENCES consent (id),
    opens_at {time} NOT NULL,
    closes_at {time} NOT NULL
) {strict};
CREATE INDEX access_grant_by_claimant ON access_grant (claimant_id, organization_id);
CREATE INDEX access_grant_by_organization ON access_grant (organization_id, access_group, claimant_id);
";

const JOURNAL: &str = r"
CREATE TABLE journal_entry (
    id {uuid} PRIMARY KEY,
    position {bigint} UNIQUE, -- given by the sequencer once the entry is committed
    at {time} NOT NULL,
    actor TEXT NOT NULL,
    client TEXT NOT NULL,
    acting_subject TEXT,
    organization_id {uuid} REFERENCES organization (id),
    subject_type TEXT NOT NULL,
    subject_id {uuid} NOT NULL,
    subject_version INTEGER NOT NULL,
    kind TEXT NOT NULL,
    from_status TEXT,
    to_status TEXT,
    reason TEXT,
    note TEXT,
    private_to_id {uuid} REFERENCES organization (id), -- seen inside this organization only
    audience {json} NOT NULL
) {strict};
CREATE INDEX journal_entry_by_subject ON journal_entry (subject_id, subject_version, id);
CREATE INDEX journal_entry_unnumbered ON journal_entry (id) WHERE position IS NULL;

CREATE TABLE journal_audience (
    audience {uuid} NOT NULL, -- an organization, or the name of a category in a region
    position {bigint} NOT NULL,
    PRIMARY KEY (audience, position)
) {strict};

CREATE TABLE journal_head (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    position {bigint} NOT NULL
) {strict};
INSERT INTO journal_head (id, position) VALUES (1, 0);

CREATE TABLE lease (
    name TEXT PRIMARY KEY,
    holder TEXT NOT NULL,
    expires_at {time} NOT NULL
) {strict};

CREATE TABLE idempotency (
    organization_id {uuid} NOT NULL REFERENCES organization (id),
    client TEXT NOT NULL,
    key {uuid} NOT NULL,
    mutation TEXT NOT NULL,
    input_hash {bytes} NOT NULL,
    subject_id {uuid} NOT NULL,
    subject_version INTEGER NOT NULL,
    created_at {time} NOT NULL,
    PRIMARY KEY (organization_id, client, key)
) {strict};
CREATE INDEX idempotency_by_age ON idempotency (created_at);
";
