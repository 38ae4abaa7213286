//! The folder of mails: for each an `.eml` as it would have been sent, and a `.json` to be read.

use std::path::PathBuf;

use anyhow::Context;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use tokio::fs;
use uuid::Uuid;

use super::Outgoing;

/// Mails that the list shows, at most.
const SHOWN_MAX: usize = 200;

/// A folder of mails.
#[derive(Clone, Debug)]
pub struct Folder {
    path: PathBuf,
}

/// A mail in the folder.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Stored {
    /// Its name in the folder; later ones sort later.
    pub id: Uuid,
    /// When it was sent.
    pub sent_at: DateTime<Utc>,
    /// Whom it went to.
    pub to: String,
    /// Its subject.
    pub subject: String,
    /// Its text.
    pub text: String,
    /// The same as HTML.
    pub html: String,
}

impl Folder {
    /// Takes the folder's path; it is made with the first mail.
    #[must_use]
    pub const fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// Puts a mail in.
    pub async fn write(&self, mail: &Outgoing, message: &[u8]) -> anyhow::Result<()> {
        let place = || format!("the mail folder {}", self.path.display());
        fs::create_dir_all(&self.path).await.with_context(place)?;
        let id = Uuid::now_v7();
        let stored = Stored {
            id,
            sent_at: Utc::now(),
            to: mail.to.clone(),
            subject: mail.subject.clone(),
            text: mail.text.clone(),
            html: mail.html.clone(),
        };
        fs::write(self.path.join(format!("{id}.eml")), message).await.with_context(place)?;
        // Renamed into place, so that the list never reads half a file.
        let half = self.path.join(format!("{id}.part"));
        fs::write(&half, serde_json::to_vec_pretty(&stored)?).await.with_context(place)?;
        fs::rename(half, self.path.join(format!("{id}.json"))).await.with_context(place)
    }

    /// Lists the newest mails, newest first.
    pub async fn list(&self) -> anyhow::Result<Vec<Stored>> {
        let Ok(mut folder) = fs::read_dir(&self.path).await else { return Ok(Vec::new()) };
        let mut ids = Vec::new();
        while let Some(file) = folder.next_entry().await? {
            let name = file.file_name();
            let id = name.to_str().and_then(|name| name.strip_suffix(".json")).and_then(|id| id.parse::<Uuid>().ok());
            ids.extend(id);
        }
        ids.sort_unstable_by(|left, right| right.cmp(left));
        let mut mails = Vec::new();
        for id in ids.into_iter().take(SHOWN_MAX) {
            mails.extend(self.read(id).await?);
        }
        Ok(mails)
    }

    /// Reads a mail; `None` where there is none.
    pub async fn read(&self, id: Uuid) -> anyhow::Result<Option<Stored>> {
        let Ok(text) = fs::read(self.path.join(format!("{id}.json"))).await else { return Ok(None) };
        Ok(Some(serde_json::from_slice(&text)?))
    }
}
