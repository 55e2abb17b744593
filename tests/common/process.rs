//! The gateway as a process of its own, as an operator starts it. It must not know what it is asked.
use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use chrono::TimeDelta;
use claimant_gateway::{
    auth::{
        demo::{DemoIssuer, TokenRequest},
        scope::Scope,
    },
    clock::Clock,
};
use serde_json::Value;
use tempfile::TempDir;

use super::{Engine, Fresh, app::MIGRATED, database::TestDatabase, world::World};

/// The master key of every process.
pub const SECRET: [u8; 32] = *b"a secret of the tests, 32 bytes.";

/// A database of its own for processes of their own.
pub struct Ground {
    pub database: TestDatabase,
    folder: TempDir,
}

impl Fresh for Ground {
    async fn fresh(engine: Engine) -> Option<Self> {
        let database = TestDatabase::fresh(engine, &MIGRATED).await?;
        let connection = database.connect().await;
        World::create(&connection).await;
        connection.close().await.expect("the connection closes");
        let folder = tempfile::tempdir().expect("a temporary directory can be made");
        Some(Self { database, folder })
    }
}

/// The gateway as a process. Dropped, it is killed.
pub struct Gateway {
    process: Child,
    pub endpoint: String,
    log: Arc<Mutex<String>>,
}

impl Drop for Gateway {
    fn drop(&mut self) {
        // SIGKILL: it is given no chance to tidy up. A process that has ended already is no matter.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Gateway {
    /// Ends it at once, in the middle of whatever it does.
    pub fn kill(&mut self) {
        self.process.kill().expect("it can be killed");
    }

    /// What it has logged since it said where it listens.
    pub fn log(&self) -> String {
        self.log.lock().expect("no test panics here").clone()
    }
}

impl Ground {
    fn key_file(&self) -> PathBuf {
        self.folder.path().join("demo.key")
    }

    /// Starts the gateway, with what it logs at this level, and waits until it says where it listens.
    pub fn start(&self, level: &str) -> Gateway {
        let mut process = Command::new(env!("CARGO_BIN_EXE_claimant-gateway"))
            .args([
                "serve",
                "--listen",
                "127.0.0.1:0",
                "--database",
                &self.database.url,
            ])
            .env("CLAIMANT_GATEWAY_AUTH__DEMO_ISSUER", "true")
            .env("CLAIMANT_GATEWAY_AUTH__DEMO_KEY_FILE", self.key_file())
            .env("CLAIMANT_GATEWAY_SECRET__KEY", STANDARD.encode(SECRET))
            .env("CLAIMANT_GATEWAY_LOG__FORMAT", "json")
            .env("CLAIMANT_GATEWAY_LOG__LEVEL", level)
            // SQLite has one writer, for which all of them wait.
            .env("CLAIMANT_GATEWAY_DATABASE__ACQUIRE_SECONDS", "60")
            .current_dir(self.folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the gateway starts");
        let mut lines = BufReader::new(process.stderr.take().expect("its log is a pipe")).lines();
        let address = lines
            .by_ref()
            .map(|line| line.expect("the log is text"))
            .find_map(|line| {
                let event: Value = serde_json::from_str(&line).ok()?;
                Some(event["fields"]["address"].as_str()?.to_owned())
            })
            .expect("the gateway says where it listens");
        let log = Arc::new(Mutex::new(String::new()));
        let written = log.clone();
        // A pipe that nobody empties would stop it.
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let mut written = written.lock().expect("no test panics here");
                written.push_str(&line);
                written.push('\n');
            }
        });
        Gateway {
            process,
            endpoint: format!("http://{address}/graphql"),
            log,
        }
    }

    /// A token of a worker of this organization.
    pub fn token(&self, organization: &str) -> String {
        let issuer = issuer(&self.key_file());
        let request = TokenRequest {
            organization: organization.to_owned(),
            scopes: Scope::ALL.iter().copied().collect(),
            subject: "a-client".to_owned(),
            region: None,
            lifetime: TimeDelta::hours(1),
        };
        issuer
            .mint(&request, Clock::system().now())
            .expect("a token")
    }
}

fn issuer(key_file: &Path) -> DemoIssuer {
    DemoIssuer::for_listen_with_key_file(([127, 0, 0, 1], 0).into(), key_file).expect("a key file")
}
