//! What the floor reads and writes beside the gateway's own tables, in a schema of its own: names and summaries in plain
//! columns, since the gateway's are sealed, and a journal and a record of disclosures of the same form, so that neither
//! writes into the other's.
use bytes::Bytes;
use claimant_gateway::store::seed::Seed;
use futures_util::SinkExt;
use tokio_postgres::Client;
use uuid::Uuid;

use crate::{Failure, place::Place, sql::connect};

const TABLES: &str = "
DROP SCHEMA IF EXISTS bench CASCADE;
CREATE SCHEMA bench;
CREATE TABLE bench.person (
    claimant_id UUID NOT NULL,
    given_name TEXT,
    family_name TEXT,
    birth_date DATE
);
CREATE TABLE bench.summary (referral_id UUID NOT NULL, summary TEXT NOT NULL);
CREATE TABLE bench.journal_entry (LIKE public.journal_entry INCLUDING ALL);
CREATE TABLE bench.journal_audience (LIKE public.journal_audience INCLUDING ALL);
CREATE TABLE bench.disclosure_answer (LIKE public.disclosure_answer INCLUDING ALL);
CREATE SEQUENCE bench.position;
";

/// What PostGraphile knows of tables that no constraint joins is said in their comments.
const KEYS: &str = "
ALTER TABLE bench.person ADD PRIMARY KEY (claimant_id);
ALTER TABLE bench.summary ADD PRIMARY KEY (referral_id);
COMMENT ON TABLE bench.person IS '@foreignKey (claimant_id) references public.claimant (id)';
COMMENT ON TABLE bench.summary IS '@foreignKey (referral_id) references public.referral (id)';
";

/// The references of the gateway's own tables, which are checked with every row.
const REFERENCES: &str = "\
    SELECT format('ALTER TABLE bench.%I ADD %s', relname, pg_get_constraintdef(pg_constraint.oid)) \
    FROM pg_constraint JOIN pg_class ON pg_class.oid = conrelid \
    WHERE contype = 'f' AND connamespace = 'public'::regnamespace \
        AND relname IN ('journal_entry', 'journal_audience', 'disclosure_answer')";

/// Plain rows of one batch, as COPY takes text.
pub struct Plain {
    people: String,
    summaries: String,
}

impl Plain {
    pub fn of(seed: &Seed) -> Self {
        let mut people = String::new();
        for person in &seed.claimants {
            let identity = person.sealed.identity.as_ref();
            let text = |value: Option<&String>| match value {
                Some(value) => value.clone(),
                None => "\\N".to_owned(),
            };
            let born = identity.and_then(|identity| identity.birth_date);
            people.push_str(&format!(
                "{}\t{}\t{}\t{}\n",
                person.claimant.id.0,
                text(identity.and_then(|identity| identity.given_name.as_ref())),
                text(identity.and_then(|identity| identity.family_name.as_ref())),
                text(born.map(|date| date.to_string()).as_ref()),
            ));
        }
        let mut texts: Vec<(&Uuid, &String)> = seed.texts.iter().collect();
        texts.sort_unstable();
        let summaries = texts
            .iter()
            .map(|(id, text)| format!("{id}\t{text}\n"))
            .collect();
        Self { people, summaries }
    }
}

/// The tables of the floor.
pub struct Tables(Client);

impl Tables {
    /// Makes them anew; none on SQLite, where there is no floor.
    pub async fn prepare(place: &Place) -> Result<Option<Self>, Failure> {
        if !place.is_postgres() {
            return Ok(None);
        }
        let client = connect(place.url()).await?;
        client.batch_execute(TABLES).await?;
        Ok(Some(Self(client)))
    }

    pub async fn write(&self, plain: Plain) -> Result<(), Failure> {
        self.copy("COPY bench.person FROM STDIN", plain.people)
            .await?;
        self.copy("COPY bench.summary FROM STDIN", plain.summaries)
            .await
    }

    async fn copy(&self, statement: &str, rows: String) -> Result<(), Failure> {
        let sink = self.0.copy_in::<_, Bytes>(statement).await?;
        futures_util::pin_mut!(sink);
        sink.send(Bytes::from(rows)).await?;
        sink.finish().await?;
        Ok(())
    }

    pub async fn finish(self) -> Result<(), Failure> {
        self.0.batch_execute(KEYS).await?;
        for row in self.0.query(REFERENCES, &[]).await? {
            let add: String = row.get(0);
            self.0.batch_execute(&add).await?;
        }
        self.0
            .batch_execute("VACUUM (ANALYZE) bench.person, bench.summary")
            .await?;
        Ok(())
    }
}
