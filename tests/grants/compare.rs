//! The comparison after each step: grants with their recomputation, and what everybody sees with what should be seen.
use proptest::{prop_assert_eq, test_runner::TestCaseError};
use serde_json::{Value, json};

use super::{
    doing::{CATEGORIES, PARTIES},
    history::{History, code},
    model::Tie,
};

impl History<'_> {
    /// What relations the people have, as their keepers see it.
    async fn ties(&self) -> Vec<Tie> {
        let every = "referrals(first: 100) { edges { node { id status category owner { name } source { name } claimant { id } } } }";
        let mut ties = Vec::new();
        for (of, person) in self.model.people.iter().enumerate() {
            let seen = self
                .app
                .client(person.keeper)
                .sees_claimant(&person.id, every)
                .await;
            let edges = seen["referrals"]["edges"].as_array().expect("referrals");
            let own = edges.iter().map(|edge| &edge["node"]);
            ties.extend(
                own.filter(|node| node["claimant"]["id"] == person.id)
                    .map(|node| {
                        let category = CATEGORIES
                            .iter()
                            .position(|each| node["category"] == **each);
                        Tie {
                            id: node["id"].to_string(),
                            of,
                            category: category.expect("a category"),
                            status: node["status"].as_str().expect("a status").to_owned(),
                            owner: code(&node["owner"]),
                            source: code(&node["source"]).expect("a source"),
                        }
                    }),
            );
        }
        ties
    }

    pub async fn check(&self) -> Result<(), TestCaseError> {
        let verified = self.app.store.unscoped_verify_grants(None, false).await;
        prop_assert_eq!(verified.expect("grants are compared").differences, []);
        let ties = self.ties().await;
        for (of, person) in self.model.people.iter().enumerate() {
            self.check_keeper(of).await?;
            for who in PARTIES {
                if who == person.keeper || (who == "agency" && self.model.closed) {
                    continue;
                }
                let client = self.app.client(who);
                let every = "identity { fullName } identityAccess household { id }";
                let seen = client.sees_claimant(&person.id, every).await;
                let told = (!seen.is_null()).then(|| !seen["identity"].is_null());
                let expected = self.model.told(who, of, &ties);
                prop_assert_eq!(
                    told,
                    expected,
                    "{} sees {} of {:?}; {:?}",
                    who,
                    seen,
                    self.model,
                    ties
                );
                prop_assert_eq!(&seen["household"], &Value::Null, "{} sees {}", who, seen);
            }
        }
        Ok(())
    }

    /// The keeper sees everything, until it is erased.
    async fn check_keeper(&self, of: usize) -> Result<(), TestCaseError> {
        let (person, other) = (&self.model.people[of], &self.model.people[1 - of]);
        let every = "erasedAt identity { fullName } household { id }";
        let seen = self
            .app
            .client(person.keeper)
            .sees_claimant(&person.id, every)
            .await;
        prop_assert_eq!(!seen["erasedAt"].is_null(), person.erased, "{}", seen);
        prop_assert_eq!(seen["identity"].is_null(), person.erased, "{}", seen);
        let beside: Vec<Value> = seen["household"]
            .as_array()
            .into_iter()
            .flatten()
            .cloned()
            .collect();
        let expected = match self.model.at_home {
            true => vec![json!({ "id": other.id })],
            false => vec![],
        };
        prop_assert_eq!(beside, expected);
        Ok(())
    }
}
