//! `scrip admin create`: makes staff, so that somebody can open the tariff editor.

use std::io::{BufRead, IsTerminal, Write};
use std::process::ExitCode;

use anyhow::{anyhow, bail};
use clap::{Subcommand, ValueEnum};
use wallet::error::{Error, Refusal};
use wallet::identity::{SignUp, StaffRole};

use crate::config::Settings;

/// What to do about staff.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Makes a person of the platform's staff, or (`--existing`) gives the role to somebody with a proven address.
    Create {
        /// The e-mail address.
        #[arg(long)]
        email: String,
        /// Gives the role to the account that has this address; its password and name stay.
        #[arg(long, conflicts_with = "name")]
        existing: bool,
        /// The password; asked for, or read from the first line of the input, where it is not given.
        #[arg(long, env = "SCRIP_ADMIN_PASSWORD", hide_env_values = true)]
        password: Option<String>,
        /// The name.
        #[arg(long, default_value = "")]
        name: String,
        /// What the person may do.
        #[arg(long, value_enum, default_value_t)]
        role: Role,
    },
}

/// What staff may do.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub enum Role {
    /// Everything.
    #[default]
    Admin,
    /// Looks at accounts, gives small credits.
    Support,
    /// Refunds and invoices.
    Finance,
}

impl From<Role> for StaffRole {
    fn from(role: Role) -> Self {
        match role {
            Role::Admin => Self::Admin,
            Role::Support => Self::Support,
            Role::Finance => Self::Finance,
        }
    }
}

/// Runs the command.
pub async fn run(command: Command, settings: &Settings) -> anyhow::Result<ExitCode> {
    let Command::Create { email, existing, password, name, role } = command;
    let role = StaffRole::from(role);
    let password = match password {
        Some(password) if !existing => password,
        None if !existing => ask()?,
        _ => String::new(),
    };
    let wallet = super::open(settings).await?;
    let identity = wallet.identity();
    if existing {
        let user = identity.appoint_staff(&email, role).await.map_err(plain)?;
        println!("{} is staff now ({}), with the password that the account had.", user.email, role.code());
    } else {
        let form = SignUp { email, password, name, locale: "en".to_owned(), ..SignUp::default() };
        let user = identity.create_staff(form, role).await.map_err(plain)?;
        println!("{} is staff now ({}).", user.email, role.code());
    }
    wallet.shutdown().await;
    Ok(ExitCode::SUCCESS)
}

fn ask() -> anyhow::Result<String> {
    if std::io::stdin().is_terminal() {
        eprint!("Password: ");
        std::io::stderr().flush()?;
    }
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line)?;
    let password = line.trim_end_matches(['\r', '\n']).to_owned();
    if password.is_empty() {
        bail!("no password was given: pass --password, or write it as the first line of the input");
    }
    Ok(password)
}

/// Says a refusal in one line.
pub(super) fn plain(error: Error) -> anyhow::Error {
    match error {
        Error::Refused(Refusal::Invalid { fields } | Refusal::Unprocessable { fields }) => {
            let texts: Vec<String> =
                fields.into_iter().map(|field| format!("{}: {}", field.field, field.message)).collect();
            anyhow!(texts.join(" "))
        }
        error => anyhow!(error.to_string()),
    }
}
