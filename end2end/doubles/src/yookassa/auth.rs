//! HTTP Basic: the shop's number and its secret key.

use super::error::{ApiError, Result};

/// What a test shop's keys begin with.
const TEST_KEY: &str = "test_";

/// Reads the header `Authorization`; a shop is a number, and the key is that of a test shop.
pub(super) fn credentials(header: Option<&str>) -> Result<(String, String)> {
    let read = header.and_then(|header| header.strip_prefix("Basic ")).and_then(decode);
    let (shop, key) = read.as_deref().and_then(|text| text.split_once(':')).ok_or_else(ApiError::unauthorized)?;
    let is_number = !shop.is_empty() && shop.bytes().all(|byte| byte.is_ascii_digit());
    if is_number && key.starts_with(TEST_KEY) {
        Ok((shop.to_owned(), key.to_owned()))
    } else {
        Err(ApiError::unauthorized())
    }
}

/// Base64 as headers have it, padded.
fn decode(text: &str) -> Option<String> {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut bytes = Vec::new();
    let (mut bits, mut count) = (0_usize, 0);
    for letter in text.trim_end_matches('=').bytes() {
        bits = (bits << 6 | LETTERS.iter().position(|known| *known == letter)?) & 0xffff;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from(bits >> count & 0xff).ok()?);
        }
    }
    String::from_utf8(bytes).ok().filter(|_| text.len().is_multiple_of(4))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shop_is_a_number_with_a_test_key() {
        let good = credentials(Some("Basic MTAwNTAwOnRlc3Rfa2V5")).unwrap();
        assert_eq!(good, ("100500".to_owned(), "test_key".to_owned()));
        for bad in [
            None,
            Some("Bearer MTAwNTAwOnRlc3Rfa2V5"),
            Some("Basic MTAwNTAwOnRlc3Rfa2V"),
            Some("Basic c2hvcDp0ZXN0X2tleQ=="),
            Some("Basic MTAwNTAwOmxpdmVfa2V5"),
            Some("Basic"),
        ] {
            assert!(credentials(bad).is_err(), "{bad:?}");
        }
    }
}
