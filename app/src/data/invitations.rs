//! Invitations of the person's account.

use serde::{Deserialize, Serialize};
use wallet::promo::InvitationView;

use crate::context::FormOutcome;
use crate::error::AppError;

/// What the page of invitations shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InvitationPage {
    /// What invitations bring, and what came of them; `None` where the catalog rewards none.
    pub view: Option<InvitationView>,
    /// The link by which others sign up, once the account has asked for one.
    pub link: Option<String>,
    /// Whether this person may ask for one.
    pub may_pay: bool,
    /// What became of the form.
    pub outcome: FormOutcome,
}

/// Gives the account's invitations.
pub async fn load_invitations() -> Result<InvitationPage, AppError> {
    let (viewer, wallet) = crate::current_user::signed_in()?;
    let view = wallet.promos().invitations(viewer.account).await?;
    let base = crate::current_user::settings()?.public_url;
    let link = view.as_ref().and_then(|view| view.code.as_ref()).map(|code| format!("{base}/sign-up?ref={code}"));
    let outcome = crate::current_user::outcome("/wallet/invite");
    Ok(InvitationPage { view, link, may_pay: viewer.role.may_pay(), outcome })
}
