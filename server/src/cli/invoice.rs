//! `scrip invoice`: who sells, and the series that documents take their numbers from.

use std::process::ExitCode;

use anyhow::{Context, anyhow, ensure};
use clap::{Args, Subcommand};
use wallet::Wallet;
use wallet::identity::Actor;
use wallet::invoice::{DocumentKind, Party, Seller, SellerTax, SeriesView};

use super::admin::plain;
use crate::config::Settings;
use crate::documents::{document_file, document_pdf, unprintable};

/// What to do about documents.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Shows who sells, or sets it: documents from then on print it. What is not given is empty.
    Seller(SellerArgs),
    /// Lists the series of numbers, or lets documents of a kind take theirs from another one.
    Series {
        /// `receipt`, `invoice`, `credit_note` or `debit_note`.
        kind: Option<String>,
        /// The series: letters A–Z, digits and dashes, such as `2027-INV`. A new one begins with 1.
        name: Option<String>,
    },
    /// Issues what is due now, as the server does by itself: receipts, credit notes and debit notes.
    Issue,
    /// Writes the documents about a payment as PDF into the current folder.
    Write {
        /// The payment.
        payment: String,
    },
}

/// Who sells.
#[derive(Args, Debug)]
pub struct SellerArgs {
    /// The name of the company; with it the other values count, without it nothing is changed.
    #[arg(long)]
    name: Option<String>,
    /// The address; `\n` begins another line.
    #[arg(long, requires = "name")]
    address: Option<String>,
    /// The country.
    #[arg(long, requires = "name")]
    country: Option<String>,
    /// The VAT id or another id of the tax office.
    #[arg(long, requires = "name")]
    tax_id: Option<String>,
    /// An e-mail address for questions.
    #[arg(long, requires = "name")]
    email: Option<String>,
    /// The tax that prices include, as `VAT 20` or `НДС 22.5`, in percent of the net amount.
    #[arg(long, requires = "name")]
    tax: Option<String>,
    /// A line below the totals: `VAT exempt under …`.
    #[arg(long, requires = "name")]
    note: Option<String>,
}

/// Runs `scrip invoice`.
pub async fn run(command: Command, settings: &Settings) -> anyhow::Result<ExitCode> {
    let wallet = super::open_now(settings).await?;
    let done = act(command, &wallet).await;
    super::tell(&wallet, done).await
}

async fn act(command: Command, wallet: &Wallet) -> anyhow::Result<String> {
    let (invoices, staff) = (wallet.invoices(), Actor::system("command line"));
    match command {
        Command::Seller(args) => match read(args)? {
            None => Ok(shown(invoices.seller().await.map_err(plain)?.as_ref())),
            Some(seller) => Ok(shown(Some(&invoices.set_seller(&staff, seller).await.map_err(plain)?))),
        },
        Command::Series { kind, name } => {
            if let Some(kind) = kind {
                let name = name.context("name the series: scrip invoice series invoice 2027-INV")?;
                let known = DocumentKind::from_code(&kind);
                let known =
                    known.ok_or_else(|| anyhow!("{kind} is none of receipt, invoice, credit_note, debit_note"))?;
                invoices.set_series(&staff, known, &name).await.map_err(plain)?;
            }
            let all = invoices.series().await.map_err(plain)?;
            Ok(all.iter().map(row).collect::<Vec<_>>().join("\n"))
        }
        Command::Issue => {
            let done = invoices.issue_due().await.map_err(plain)?;
            ensure!(done.failed == 0, "{} documents could not be issued: see the log", done.failed);
            Ok(format!("Receipts: {}, credit and debit notes: {}.", done.receipts, done.notes))
        }
        Command::Write { payment } => {
            let payment = payment.parse().map_err(|_| anyhow!("{payment} is no payment"))?;
            invoices.receipt_of(payment).await.map_err(plain)?;
            let mut written = Vec::new();
            for summary in invoices.documents_of(payment).await.map_err(plain)? {
                let document = invoices.staff_document(summary.id).await.map_err(plain)?;
                let name = document_file(&document);
                std::fs::write(&name, document_pdf(&document)?).with_context(|| name.clone())?;
                written.push(name);
            }
            ensure!(!written.is_empty(), "the payment has not succeeded, and has no document");
            Ok(written.join("\n"))
        }
    }
}

/// Reads who sells; `None` where nothing is to be changed.
fn read(args: SellerArgs) -> anyhow::Result<Option<Seller>> {
    let Some(name) = args.name else { return Ok(None) };
    let party = Party {
        name,
        address: args.address.unwrap_or_default().replace("\\n", "\n"),
        country: args.country.unwrap_or_default(),
        tax_id: args.tax_id.unwrap_or_default(),
        email: args.email.unwrap_or_default(),
    };
    let tax = args.tax.as_deref().map(tax).transpose()?;
    let seller = Seller { party, tax, note: args.note.unwrap_or_default() };
    let Party { name, address, country, tax_id, email } = &seller.party;
    let tax_name = seller.tax.as_ref().map(|tax| tax.name.as_str()).unwrap_or_default();
    for text in [name, address, country, tax_id, email, seller.note.as_str(), tax_name] {
        if let Some(letter) = unprintable(text) {
            return Err(anyhow!("documents can't be printed with “{letter}”: use Latin or Cyrillic letters"));
        }
    }
    Ok(Some(seller))
}

/// Reads `VAT 20`, with at most two decimals.
fn tax(text: &str) -> anyhow::Result<SellerTax> {
    let example = || anyhow!("a tax is written as its name and its percent: VAT 20, НДС 22.5");
    let (name, percent) = text.trim().rsplit_once(' ').ok_or_else(example)?;
    let (whole, rest) = percent.trim_end_matches('%').split_once('.').unwrap_or((percent.trim_end_matches('%'), ""));
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    ensure!(!whole.is_empty() && is_number(whole) && is_number(rest) && rest.len() <= 2, example());
    let hundredths = format!("{whole}{rest:0<2}").parse().map_err(|_| example())?;
    Ok(SellerTax { name: name.trim().to_owned(), basis_points: hundredths })
}

fn shown(seller: Option<&Seller>) -> String {
    let Some(Seller { party, tax, note }) = seller else {
        return "Nobody has said who sells: receipts name the platform alone, and no invoices are issued.".to_owned();
    };
    let tax = tax.as_ref().map(|tax| format!("{}, {} hundredths of a percent", tax.name, tax.basis_points));
    let lines = [
        ("name", party.name.clone()),
        ("address", party.address.replace('\n', ", ")),
        ("country", party.country.clone()),
        ("tax id", party.tax_id.clone()),
        ("e-mail", party.email.clone()),
        ("tax", tax.unwrap_or_else(|| "none".to_owned())),
        ("note", note.clone()),
    ];
    let lines = lines.into_iter().filter(|(_, text)| !text.is_empty());
    lines.map(|(label, text)| format!("{label:<8} {text}")).collect::<Vec<_>>().join("\n")
}

fn row(series: &SeriesView) -> String {
    let mark = if series.is_current { "*" } else { " " };
    format!("{mark} {:<12} {:<18} last number {}", series.kind.code(), series.name, series.last_number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tax_is_read_exactly() {
        for (text, name, points) in
            [("VAT 20", "VAT", 2_000), ("НДС 22.5", "НДС", 2_250), ("US sales tax 8.25%", "US sales tax", 825)]
        {
            let read = tax(text).expect("a tax");
            assert_eq!((read.name.as_str(), read.basis_points), (name, points));
        }
        for wrong in ["", "VAT", "20", "VAT -1", "VAT 20.555", "VAT x", "VAT 99999"] {
            assert!(tax(wrong).is_err(), "{wrong:?}");
        }
    }
}
