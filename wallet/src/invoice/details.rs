//! Who sells and who buys, as documents print it.

use serde::{Deserialize, Serialize};

use crate::error::{FieldError, Problem, Refusal};

/// The longest name, in letters.
const NAME_MAX: usize = 120;
/// The longest address, in letters.
const ADDRESS_MAX: usize = 300;
/// The most lines of an address.
const ADDRESS_LINES: usize = 6;
/// The longest name of a country, in letters.
const COUNTRY_MAX: usize = 60;
/// The longest tax id.
const TAX_ID_MAX: usize = 32;
/// The longest note below the totals, in letters.
const NOTE_MAX: usize = 300;

/// One of the two sides of a document, as it is printed. Empty texts are left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Party {
    /// The name of the company or the person.
    pub name: String,
    /// The address, in lines.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub address: String,
    /// The country.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub country: String,
    /// The id that its tax office knows it by: a VAT id, an INN.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub tax_id: String,
    /// The e-mail address.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub email: String,
}

/// To whom an account's documents are addressed. Everything may be empty; an invoice needs address and country.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BillingDetails {
    /// The name of the company or the person; who paid where it is empty.
    pub name: String,
    /// The address, in lines.
    pub address: String,
    /// The country.
    pub country: String,
    /// The VAT id or another id of the tax office.
    pub tax_id: String,
}

impl BillingDetails {
    /// Checks and tidies what a person typed; says of each field what is wrong with it.
    pub fn checked(self) -> Result<Self, Refusal> {
        let mut errors = Vec::new();
        let name = one_line(&mut errors, "name", &self.name, NAME_MAX);
        let address = lines(&mut errors, "address", &self.address);
        let country = one_line(&mut errors, "country", &self.country, COUNTRY_MAX);
        let tax_id = tax_id(&mut errors, &self.tax_id);
        if errors.is_empty() { Ok(Self { name, address, country, tax_id }) } else { Err(refused(errors)) }
    }
}

/// The tax that prices include.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SellerTax {
    /// What it is called: `VAT`.
    pub name: String,
    /// How much of the net amount it is, in hundredths of a percent, from 1 to 9999: 2000 is 20 %.
    pub basis_points: u16,
}

/// Who sells, and how its documents tell taxes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seller {
    /// Its name, address and tax id.
    pub party: Party,
    /// The tax that prices include where the provider adds none.
    pub tax: Option<SellerTax>,
    /// What is printed below the totals; may be empty.
    pub note: String,
}

impl Seller {
    /// Checks and tidies what staff typed. Name, address and country are required.
    pub fn checked(self) -> Result<Self, Refusal> {
        let mut errors = Vec::new();
        let party = Party {
            name: required(&mut errors, "name", &self.party.name, NAME_MAX),
            address: lines(&mut errors, "address", &self.party.address),
            country: required(&mut errors, "country", &self.party.country, COUNTRY_MAX),
            tax_id: tax_id(&mut errors, &self.party.tax_id),
            email: one_line(&mut errors, "email", &self.party.email, NAME_MAX),
        };
        if party.address.is_empty() && errors.iter().all(|error| error.field != "address") {
            errors.push(FieldError::new("address", Problem::Required, "Enter the address."));
        }
        let tax = self
            .tax
            .map(|tax| SellerTax { name: required(&mut errors, "tax", &tax.name, 20), basis_points: tax.basis_points });
        if tax.as_ref().is_some_and(|tax| !(1..=9999).contains(&tax.basis_points)) {
            let message = "A tax is from 0.01 to 99.99 percent. Leave it out where there is none.";
            errors.push(FieldError::new("tax", Problem::Malformed, message));
        }
        let note = one_line(&mut errors, "note", &self.note, NOTE_MAX);
        if errors.is_empty() { Ok(Self { party, tax, note }) } else { Err(refused(errors)) }
    }
}

const fn refused(fields: Vec<FieldError>) -> Refusal {
    Refusal::Unprocessable { fields }
}

/// Says whether a letter can't be seen on paper: controls, and what turns the direction of text.
fn is_hidden(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

fn one_line(errors: &mut Vec<FieldError>, field: &str, text: &str, most: usize) -> String {
    let text = text.trim();
    if text.chars().any(is_hidden) {
        let message = "This holds characters that can't be seen. Type it again.";
        errors.push(FieldError::new(field, Problem::HasHidden, message));
    } else if text.chars().count() > most {
        errors.push(FieldError::new(field, Problem::TooLong, format!("Use at most {most} letters.")));
    }
    text.to_owned()
}

fn required(errors: &mut Vec<FieldError>, field: &str, text: &str, most: usize) -> String {
    let text = one_line(errors, field, text, most);
    if text.is_empty() {
        errors.push(FieldError::new(field, Problem::Required, format!("Enter the {field}.")));
    }
    text
}

/// Tidies an address: browsers end lines by `\r\n`; empty lines are left out.
fn lines(errors: &mut Vec<FieldError>, field: &str, text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let text = lines.join("\n");
    if lines.iter().any(|line| line.chars().any(is_hidden)) {
        let message = "This holds characters that can't be seen. Type it again.";
        errors.push(FieldError::new(field, Problem::HasHidden, message));
    } else if lines.len() > ADDRESS_LINES || text.chars().count() > ADDRESS_MAX {
        let message = format!("Use at most {ADDRESS_LINES} lines and {ADDRESS_MAX} letters.");
        errors.push(FieldError::new(field, Problem::TooLong, message));
    }
    text
}

fn tax_id(errors: &mut Vec<FieldError>, text: &str) -> String {
    let text = text.trim().to_uppercase();
    let is_id = text.chars().all(|letter| letter.is_alphanumeric() || matches!(letter, ' ' | '-' | '.' | '/'));
    if !is_id {
        let message = "A tax id has letters, digits, spaces, dots, dashes and slashes: EE123456789.";
        errors.push(FieldError::new("tax_id", Problem::Malformed, message));
    } else if text.chars().count() > TAX_ID_MAX {
        errors.push(FieldError::new("tax_id", Problem::TooLong, format!("Use at most {TAX_ID_MAX} letters.")));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn details(name: &str, address: &str, tax_id: &str) -> BillingDetails {
        BillingDetails { name: name.into(), address: address.into(), country: "Estonia".into(), tax_id: tax_id.into() }
    }

    #[test]
    fn what_was_typed_is_tidied() {
        let tidy =
            details("  Booking.com B.V. ", " Narva mnt 5\r\n\r\n Tallinn ", "ee123 456").checked().expect("fine");
        assert_eq!(tidy, details("Booking.com B.V.", "Narva mnt 5\nTallinn", "EE123 456"));
        assert_eq!(BillingDetails::default().checked(), Ok(BillingDetails::default()), "all of it is optional");
    }

    #[test]
    fn what_can_not_be_printed_is_refused_at_its_field() {
        for (wrong, field) in [
            (details("a\u{202e}b", "", ""), "name"),
            (details(&"a".repeat(121), "", ""), "name"),
            (details("", "1\n2\n3\n4\n5\n6\n7", ""), "address"),
            (details("", "a\0b", ""), "address"),
            (details("", "", "<b>"), "tax_id"),
            (details("", "", &"1".repeat(33)), "tax_id"),
        ] {
            let Err(Refusal::Unprocessable { fields }) = wrong.clone().checked() else { panic!("{wrong:?} is taken") };
            assert_eq!(fields.iter().map(|error| error.field.as_str()).collect::<Vec<_>>(), [field], "{wrong:?}");
        }
    }

    #[test]
    fn a_seller_has_name_address_and_country() {
        let none = Seller { party: Party::default(), tax: None, note: String::new() };
        let Err(Refusal::Unprocessable { fields }) = none.checked() else { panic!("nothing is no seller") };
        assert_eq!(fields.iter().map(|error| error.field.as_str()).collect::<Vec<_>>(), ["name", "country", "address"]);
        let party = Party { name: "A".into(), address: "B".into(), country: "C".into(), ..Party::default() };
        let tax = |basis_points| Some(SellerTax { name: "VAT".into(), basis_points });
        let seller = |basis_points| Seller { party: party.clone(), tax: tax(basis_points), note: String::new() };
        assert_eq!(seller(2000).checked(), Ok(seller(2000)));
        assert!(seller(0).checked().is_err() && seller(10_000).checked().is_err());
    }
}
