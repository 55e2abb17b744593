//! A connection to PostgreSQL of the bench's own.
use tokio_postgres::{Client, Config, NoTls};

use crate::Failure;

/// A connection that ends with its client.
pub async fn connect(url: &str) -> Result<Client, Failure> {
    let config: Config = url.parse()?;
    let (client, connection) = config.connect(NoTls).await?;
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            eprintln!("the connection to PostgreSQL ended: {error}");
        }
    });
    Ok(client)
}
