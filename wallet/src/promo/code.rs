//! How redemption codes and referral codes are written: in capitals and digits that nobody confuses, with a checksum.
//!
//! A redemption code reads `GC-7KQM-X2PD-94TR-HB5N-3W`: 80 random bits and a checksum of 10. Case, dashes and spaces
//! say nothing; O is read as 0, I and L as 1. A referral code is eight such letters: it is no secret.

use sha2::{Digest, Sha256};

/// Crockford's base 32: without I, L, O and U.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// What redemption codes begin with.
const PREFIX: &str = "GC";
/// The letters of the secret: 80 bits.
const SECRET: usize = 16;
/// The letters of the checksum: 10 bits.
const CHECKSUM: usize = 2;
/// The letters of one group between dashes.
const GROUP: usize = 4;
/// The letters of a referral code: 40 bits.
const REFERRAL: usize = 8;
/// The longest text that can be a code; longer ones are refused unread.
const TYPED_MAX: usize = 100;

/// A redemption code that is well-formed; whether it exists only the database knows.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct RedemptionCode {
    secret: String,
}

impl std::fmt::Debug for RedemptionCode {
    /// Shows nothing: a code is worth credits.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RedemptionCode").finish_non_exhaustive()
    }
}

impl RedemptionCode {
    /// Makes a code of random bytes.
    pub(crate) fn of(random: [u8; 10]) -> Self {
        Self { secret: letters(&random) }
    }

    /// Reads what somebody typed; `None` where it can't be a code.
    pub(crate) fn read(typed: &str) -> Option<Self> {
        let text = plain(typed)?;
        let rest = text.strip_prefix(PREFIX)?;
        if rest.len() != SECRET.checked_add(CHECKSUM)? {
            return None;
        }
        let (secret, checksum) = rest.split_at_checked(SECRET)?;
        (checksum_of(secret) == checksum).then(|| Self { secret: secret.to_owned() })
    }

    /// Writes it in groups, as people type it.
    pub(crate) fn write(&self) -> String {
        let mut text = PREFIX.to_owned();
        for (place, letter) in self.secret.chars().chain(checksum_of(&self.secret).chars()).enumerate() {
            if place.checked_rem(GROUP) == Some(0) {
                text.push('-');
            }
            text.push(letter);
        }
        text
    }

    /// Gives the hash under which it is stored. Eighty random bits need no salt.
    pub(crate) fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.secret.as_bytes()).into()
    }
}

/// Makes a referral code of random bytes.
pub(crate) fn new_referral_code(random: [u8; 5]) -> String {
    letters(&random)
}

/// Reads a referral code from an address or a field; `None` where it can't be one.
#[must_use]
pub(crate) fn read_referral_code(typed: &str) -> Option<String> {
    plain(typed).filter(|code| code.len() == REFERRAL)
}

/// Takes dashes and spaces out, and makes letters that look alike the same; `None` where another one is in it.
fn plain(typed: &str) -> Option<String> {
    if typed.len() > TYPED_MAX {
        return None;
    }
    let is_letter = |letter: &char| !letter.is_whitespace() && !matches!(letter, '-' | '–' | '—' | '_');
    typed.chars().filter(is_letter).map(same).collect()
}

/// Gives the letter that a typed one stands for.
fn same(letter: char) -> Option<char> {
    let letter = match letter.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        other => other,
    };
    ALPHABET.iter().any(|known| char::from(*known) == letter).then_some(letter)
}

/// Writes bytes five bits a letter; bits that fill no letter are left out.
fn letters(bytes: &[u8]) -> String {
    let bit = |place: usize| -> Option<u8> {
        let byte = bytes.get(place.checked_div(8)?)?;
        let shift = 7_usize.checked_sub(place.checked_rem(8)?)?;
        byte.checked_shr(u32::try_from(shift).ok()?).map(|byte| byte & 1)
    };
    let letter = |first: usize| -> Option<char> {
        let mut index = 0_u8;
        for place in first..first.checked_add(5)? {
            index = index.checked_shl(1)? | bit(place)?;
        }
        ALPHABET.get(usize::from(index)).copied().map(char::from)
    };
    (0..).step_by(5).map_while(letter).collect()
}

/// Gives the letters by which a mistyped secret is told.
fn checksum_of(secret: &str) -> String {
    let digest = Sha256::digest(format!("{PREFIX}{secret}").as_bytes());
    letters(&digest).chars().take(CHECKSUM).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_code_has_its_form() {
        let code = RedemptionCode::of([0; 10]).write();
        assert_eq!(code.len(), "GC-0000-0000-0000-0000-00".len());
        assert!(code.starts_with("GC-0000-0000-0000-0000-"), "{code}");
        assert_eq!(RedemptionCode::of([255; 10]).write().get(3..7), Some("ZZZZ"));
        assert_eq!(new_referral_code([0, 68, 50, 20, 199]), "01234567");
    }

    #[test]
    fn what_is_no_code_is_none() {
        let code = RedemptionCode::of([7; 10]).write();
        let other = format!("NB{}", &code[2..]);
        let short = &code[..code.len() - 1];
        let long = format!("{code}0");
        for wrong in ["", "GC", "GC-", "ГС-0000-0000-0000-0000-00", &other, short, &long, &"-".repeat(101)] {
            assert_eq!(RedemptionCode::read(wrong), None, "{wrong:?}");
        }
        assert_eq!(read_referral_code("0123 456"), None);
        assert_eq!(read_referral_code(" o123-4s67 ").as_deref(), Some("01234S67"));
    }

    #[test]
    fn a_code_is_not_shown_by_accident() {
        assert_eq!(format!("{:?}", RedemptionCode::of([1; 10])), "RedemptionCode { .. }");
    }

    proptest! {
        #[test]
        fn a_code_is_read_however_it_is_typed(random: [u8; 10], spaced: bool) {
            let code = RedemptionCode::of(random);
            let typed = code.write();
            let read = RedemptionCode::read(&typed);
            prop_assert_eq!(read.as_ref(), Some(&code));
            let sloppy = typed.to_ascii_lowercase().replace('0', "o").replace('1', "l");
            let sloppy = if spaced { sloppy.replace('-', " ") } else { sloppy.replace('-', "") };
            prop_assert_eq!(RedemptionCode::read(&format!("  {sloppy} ")).map(|read| read.hash()), Some(code.hash()));
        }

        /// Ten bits of checksum let one wrong letter of a thousand through; it is then unknown to the database.
        #[test]
        fn most_wrong_letters_are_told(random: [u8; 10]) {
            let typed = RedemptionCode::of(random).write();
            let wrong = |(at, letter): (usize, char)| {
                let other = if letter == 'A' { 'B' } else { 'A' };
                let mut text = typed.clone();
                text.replace_range(at..=at, &other.to_string());
                text
            };
            let places: Vec<String> = typed.char_indices().filter(|(_, c)| *c != '-').skip(2).map(wrong).collect();
            let read = places.iter().filter(|text| RedemptionCode::read(text).is_some()).count();
            prop_assert!(read <= 2, "{} of {}", read, places.len());
        }
    }
}
