//! Mail: by SMTP, or into a folder that development shows at `/dev/mail`.

mod dev;
mod folder;

use anyhow::{Context, anyhow};
use lettre::message::{Mailbox, MultiPart};
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use secrecy::ExposeSecret;

use crate::config::Settings;

pub use dev::router as dev_router;
pub use folder::{Folder, Stored};

/// A mail to be sent.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// Whom it goes to.
    pub to: String,
    /// Its subject.
    pub subject: String,
    /// Its text.
    pub text: String,
    /// The same as HTML.
    pub html: String,
}

/// How mails leave.
#[derive(Clone, Debug)]
pub struct Mailer {
    from: Mailbox,
    way: Way,
}

#[derive(Clone, Debug)]
enum Way {
    Smtp(AsyncSmtpTransport<Tokio1Executor>),
    Folder(Folder),
}

impl Mailer {
    /// Takes the way that the settings name.
    pub fn new(settings: &Settings) -> anyhow::Result<Self> {
        let from = settings.mail.mail_from.parse();
        let from = from.map_err(|_| anyhow!("MAIL_FROM is no address: write it as `Scrip <mail@example.com>`"))?;
        let way = match &settings.mail.mail_url {
            Some(url) => {
                let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(url.expose_secret())
                    .map_err(|_| anyhow!("MAIL_URL is no SMTP server: write it as smtps://user:password@host:465"))?;
                Way::Smtp(transport.build())
            }
            None => Way::Folder(Folder::new(settings.mail_dir())),
        };
        Ok(Self { from, way })
    }

    /// Sends a mail.
    pub async fn send(&self, mail: &Outgoing) -> anyhow::Result<()> {
        let message = Message::builder()
            .from(self.from.clone())
            .to(mail.to.parse().context("the recipient's address")?)
            .subject(mail.subject.clone())
            .multipart(MultiPart::alternative_plain_html(mail.text.clone(), mail.html.clone()))?;
        match &self.way {
            Way::Smtp(transport) => {
                transport.send(message).await?;
                Ok(())
            }
            Way::Folder(folder) => folder.write(mail, &message.formatted()).await,
        }
    }
}
