//! The secret of a link that switches an optional mail off: signed, so that nothing is stored for it, and nobody makes
//! one for another account.

use uuid::Uuid;

use super::Topic;
use crate::id::AccountId;
use crate::ledger::{Hash, hmac};

/// Writes the token of an account and a topic.
#[must_use]
pub(super) fn sign(secret: &[u8], account: AccountId, topic: Topic) -> String {
    format!("{}.{}.{}", account.uuid().simple(), topic.code(), code(secret, account, topic))
}

/// Reads a token; `None` where anything of it is not as it was signed.
#[must_use]
pub(super) fn read(secret: &[u8], token: &str) -> Option<(AccountId, Topic)> {
    let mut parts = token.split('.');
    let (account, topic, given, None) = (parts.next()?, parts.next()?, parts.next()?, parts.next()) else {
        return None;
    };
    let account = AccountId::from_uuid(Uuid::try_parse(account).ok()?);
    let topic = Topic::from_code(topic)?;
    let (given, expected) = (Hash::from_hex(given)?, code(secret, account, topic));
    // Compared whole, so that the time tells nothing.
    let pairs = expected.as_bytes().iter().zip(given.as_bytes());
    let differing = pairs.fold(0_u8, |all, (one, other)| all | (one ^ other));
    (differing == 0).then_some((account, topic))
}

fn code(secret: &[u8], account: AccountId, topic: Topic) -> Hash {
    Hash::from_bytes(hmac(secret, format!("scrip-unsubscribe-1\n{account}\n{}", topic.code()).as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: [u8; 32] = [7; 32];

    #[test]
    fn a_token_is_read_as_it_was_signed_and_no_other_is() {
        let (account, other) = (AccountId::new(), AccountId::new());
        let token = sign(&SECRET, account, Topic::Expiring);
        assert_eq!(read(&SECRET, &token), Some((account, Topic::Expiring)));
        assert_eq!(read(&[8; 32], &token), None, "of another deployment");
        let foreign = token.replace(&account.uuid().simple().to_string(), &other.uuid().simple().to_string());
        assert_eq!(read(&SECRET, &foreign), None);
        assert_eq!(read(&SECRET, &token.replace("expiring", "empty")), None);
        let last = if token.ends_with('0') { "1" } else { "0" };
        let altered = format!("{}{last}", &token[..token.len() - 1]);
        for wrong in ["", ".", "..", &format!("{token}.x"), &altered, &token[..token.len() - 2], &token[1..]] {
            assert_eq!(read(&SECRET, wrong), None, "{wrong}");
        }
    }
}
