//! Mail: by SMTP, or into a folder that development shows at `/dev/mail`.

pub mod content;
mod dev;
mod folder;

use std::time::Duration;

use anyhow::{Context, anyhow};
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Attachment, Mailbox, MultiPart};
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use secrecy::ExposeSecret;

use crate::config::Settings;
use crate::documents::PDF;

pub use dev::router as dev_router;
pub use folder::{Folder, Stored};

/// How long the SMTP server has for each step of a mail.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Why a mail did not leave.
#[derive(Debug, thiserror::Error)]
pub enum Unsent {
    /// The SMTP server could not be reached, or did not answer: other mails would fare no better.
    #[error("the SMTP server does not answer: {0}")]
    OutOfReach(lettre::transport::smtp::Error),
    /// This mail was not taken.
    #[error(transparent)]
    Refused(#[from] anyhow::Error),
}

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
    /// The document that goes with it.
    pub file: Option<File>,
    /// The address that switches such mails off, by one click of a mail program too (RFC 8058).
    pub unsubscribe: Option<String>,
}

/// A document that goes with a mail, as PDF.
#[derive(Clone, Debug)]
pub struct File {
    /// What it is called.
    pub name: String,
    /// What is in it.
    pub content: Vec<u8>,
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
                Way::Smtp(transport.timeout(Some(TIMEOUT)).build())
            }
            None => Way::Folder(Folder::new(settings.mail_dir())),
        };
        Ok(Self { from, way })
    }

    /// Sends a mail.
    pub async fn send(&self, mail: &Outgoing) -> Result<(), Unsent> {
        let message = self.written(mail)?;
        match &self.way {
            Way::Smtp(transport) => match transport.send(message).await {
                Ok(_) => Ok(()),
                // An answer of the server's own is about this mail; everything else is about the way to it.
                Err(error) if error.is_permanent() || error.is_transient() => Err(Unsent::Refused(error.into())),
                Err(error) => Err(Unsent::OutOfReach(error)),
            },
            Way::Folder(folder) => Ok(folder.write(mail, &message.formatted()).await?),
        }
    }

    fn written(&self, mail: &Outgoing) -> anyhow::Result<Message> {
        let texts = MultiPart::alternative_plain_html(mail.text.clone(), mail.html.clone());
        let parts = match &mail.file {
            Some(file) => {
                let attachment = Attachment::new(file.name.clone()).body(file.content.clone(), PDF.parse()?);
                MultiPart::mixed().multipart(texts).singlepart(attachment)
            }
            None => texts,
        };
        let mut message = Message::builder()
            .from(self.from.clone())
            .to(mail.to.parse().context("the recipient's address")?)
            .subject(mail.subject.clone())
            .multipart(parts)?;
        if let Some(link) = mail.unsubscribe.as_ref().filter(|link| link.is_ascii()) {
            // As they are: an address that was folded or encoded would be none.
            let header = |name, value: String| {
                HeaderValue::dangerous_new_pre_encoded(HeaderName::new_from_ascii_str(name), value.clone(), value)
            };
            let headers = message.headers_mut();
            headers.insert_raw(header("List-Unsubscribe", format!("<{link}>")));
            headers.insert_raw(header("List-Unsubscribe-Post", "List-Unsubscribe=One-Click".to_owned()));
        }
        Ok(message)
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
    use tokio::net::TcpListener;

    use super::*;

    fn mailer(port: u16) -> Mailer {
        let url = format!("smtp://127.0.0.1:{port}");
        let line = ["scrip", "--mail-url", &url, "serve"];
        Mailer::new(&crate::cli::Cli::try_parse_from(line).expect("settings").settings).expect("a mailer")
    }

    fn mail() -> Outgoing {
        let text = || "x".to_owned();
        Outgoing {
            to: "anna@example.com".to_owned(),
            subject: text(),
            text: text(),
            html: text(),
            file: None,
            unsubscribe: None,
        }
    }

    #[test]
    fn mail_programs_are_told_how_to_unsubscribe() {
        let link = "https://pay.example/unsubscribe?token=0192aaaa00007000800000000000000a.webhook_failing.".to_owned()
            + &"a".repeat(64);
        let headers = |unsubscribe| {
            let written = mailer(25).written(&Outgoing { unsubscribe, ..mail() }).expect("a message").formatted();
            String::from_utf8(written).expect("ASCII")
        };
        let written = headers(Some(link.clone()));
        assert!(written.contains(&format!("List-Unsubscribe: <{link}>\r\n")), "{written}");
        assert!(written.contains("List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"), "{written}");
        assert!(!headers(None).contains("Unsubscribe"));
    }

    #[tokio::test]
    async fn a_server_that_is_away_is_told_from_one_that_refuses() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let refusing = tokio::spawn(async move {
            let (socket, _) = listener.accept().await.expect("a connection");
            let (reads, mut writes) = socket.into_split();
            let mut lines = BufReader::new(reads).lines();
            writes.write_all(b"220 here\r\n").await.expect("sent");
            while let Ok(Some(line)) = lines.next_line().await {
                let answer = if line.starts_with("RCPT") { "550 nobody of that name" } else { "250 fine" };
                writes.write_all(format!("{answer}\r\n").as_bytes()).await.expect("sent");
            }
        });
        let refused = mailer(port).send(&mail()).await;
        assert!(matches!(&refused, Err(Unsent::Refused(error)) if error.to_string().contains("550")), "{refused:?}");
        refusing.abort();
        refusing.await.ok();
        let away = mailer(port).send(&mail()).await;
        assert!(matches!(away, Err(Unsent::OutOfReach(_))), "{away:?}");
    }
}
