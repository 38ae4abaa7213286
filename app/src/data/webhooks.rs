//! Outgoing webhooks of the person's open project.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wallet::notify::webhook::{CreatedEndpoint, DeliveryDetail, DeliveryPage, Endpoint};

use crate::context::FormOutcome;
use crate::error::AppError;

/// What the page of webhooks is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhooksQuery {
    /// Whether the preview wallet's endpoints are wanted.
    #[serde(default)]
    pub preview: bool,
    /// Only the log of this endpoint.
    pub endpoint: Option<Uuid>,
    /// The message that is open.
    pub delivery: Option<Uuid>,
    /// Only messages older than this one.
    pub before: Option<Uuid>,
}

/// Everything that the page of webhooks shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WebhooksPage {
    /// What was asked for.
    pub query: WebhooksQuery,
    /// The endpoints of the wallet.
    pub endpoints: Vec<Endpoint>,
    /// An endpoint just made or rotated; its secret is shown this one time.
    pub created: Option<CreatedEndpoint>,
    /// The log.
    pub log: DeliveryPage,
    /// The message that is open.
    pub detail: Option<DeliveryDetail>,
    /// What became of a form.
    pub outcome: FormOutcome,
    /// Whether this person may change endpoints.
    pub may_manage: bool,
    /// Makes a second submit of the same form do nothing new.
    pub form_key: Uuid,
    /// When the page was drawn.
    pub now: DateTime<Utc>,
}

/// Gives the page of webhooks.
pub async fn load_webhooks_page(query: WebhooksQuery) -> Result<WebhooksPage, AppError> {
    /// Messages of one page.
    const PAGE: u16 = 20;
    let (viewer, wallet) = crate::current_user::signed_in()?;
    let outcome = crate::current_user::outcome("/developers/webhooks");
    let mut query = query;
    // A refused form belongs to the wallet that it was about.
    query.preview |= outcome.value("environment").as_deref() == Some("preview");
    let id = if query.preview { viewer.preview_wallet } else { viewer.wallet };
    let webhooks = wallet.webhooks();
    let detail = match query.delivery {
        Some(delivery) => Some(webhooks.delivery(id, delivery).await?),
        None => None,
    };
    Ok(WebhooksPage {
        endpoints: webhooks.endpoints(id).await?,
        created: crate::context::created_endpoint(),
        log: webhooks.deliveries(id, query.endpoint, query.before, PAGE).await?,
        detail,
        outcome,
        may_manage: viewer.role.may_manage_keys(),
        form_key: Uuid::now_v7(),
        now: wallet.clock().now(),
        query,
    })
}
