//! Trust: checks that bytes are pinned by their digest, or signed by a known key.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::signature::{ED25519, UnparsedPublicKey};

use super::digest::Digest;
use super::public_key::PublicKey;
use crate::{Error, Result};

/// Where the detached signature of a component lies: beside it.
pub(crate) fn signature_of(path: &Path) -> PathBuf {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".sig");
    beside.into()
}

/// Which bytes may be loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trust {
    /// Those with this digest.
    Pinned(Digest),
    /// Those that come with a detached signature by this key.
    SignedBy(PublicKey),
    /// Any: for development.
    Anything,
}

impl Trust {
    /// Refuses bytes that are not pinned or signed as required. `signature` holds 64 bytes, or their base64.
    ///
    /// # Errors
    /// Another digest, no signature, or one by another key or of other bytes.
    pub fn check(&self, bytes: &[u8], signature: Option<&[u8]>) -> Result<()> {
        let found = Digest::of(bytes);
        match self {
            Self::Anything => Ok(()),
            Self::Pinned(expected) if *expected == found => Ok(()),
            Self::Pinned(expected) => Err(Error::DigestDiffers {
                expected: *expected,
                found,
                fix: format!("If this is the version that you mean to run, pin it: sha256 = \"{found}\""),
            }),
            Self::SignedBy(key) => {
                let refused = |reason| Error::SignatureRefused { found, key: key.clone(), reason };
                let signature = signature.ok_or_else(|| refused("there is no signature"))?;
                let decoded = std::str::from_utf8(signature).ok().and_then(|text| STANDARD.decode(text.trim()).ok());
                UnparsedPublicKey::new(&ED25519, key.0)
                    .verify(bytes, decoded.as_deref().unwrap_or(signature))
                    .map_err(|_| refused("it is by another key, or of other bytes"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::public_key::DER_PREFIX;
    use ring::signature::{Ed25519KeyPair, KeyPair as _};

    fn pair(seed: u8) -> (Ed25519KeyPair, PublicKey) {
        let pair = Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap();
        let key = STANDARD.encode(pair.public_key().as_ref()).parse().unwrap();
        (pair, key)
    }

    #[test]
    fn only_the_pinned_bytes_are_trusted() {
        let trust = Trust::Pinned(Digest::of(b"component"));
        trust.check(b"component", None).unwrap();
        let error = trust.check(b"Component", None).unwrap_err();
        assert_eq!(error.code(), "digest-differs");
        let line = format!("sha256 = \"{}\"", Digest::of(b"Component"));
        assert!(error.fix().is_some_and(|fix| fix.contains(&line)), "{error:?} does not name the line");
    }

    #[test]
    fn only_bytes_that_the_key_signed_are_trusted() {
        let ((ours, key), (theirs, _)) = (pair(1), pair(2));
        let trust = Trust::SignedBy(key);
        let sign = |pair: &Ed25519KeyPair, bytes: &[u8]| pair.sign(bytes).as_ref().to_vec();
        let good = sign(&ours, b"component");
        let text = format!("{}\n", STANDARD.encode(&good));
        let cases: &[(&str, Option<&[u8]>, bool)] = &[
            ("the raw signature", Some(&good), true),
            ("its base64", Some(text.as_bytes()), true),
            ("none", None, false),
            ("an empty one", Some(b""), false),
            ("half of one", Some(&good[..32]), false),
            ("one of other bytes", Some(&sign(&ours, b"components")), false),
            ("another's", Some(&sign(&theirs, b"component")), false),
        ];
        for (what, signature, expect) in cases {
            let checked = trust.check(b"component", *signature);
            assert_eq!(checked.is_ok(), *expect, "{what}");
            assert!(checked.is_ok() || checked.unwrap_err().code() == "signature-refused", "{what}");
        }
    }

    #[test]
    fn keys_are_read_bare_and_as_pem() {
        let (_, key) = pair(7);
        let der = STANDARD.encode([DER_PREFIX.as_slice(), &key.0].concat());
        let pem = format!("-----BEGIN PUBLIC KEY-----\n{der}\n-----END PUBLIC KEY-----\n");
        for text in [key.to_string(), format!(" {key}\n"), der, pem] {
            assert_eq!(text.parse().as_ref(), Ok(&key), "{text}");
        }
        for wrong in ["", "AAAA", "no base64!", &STANDARD.encode([0; 33])] {
            assert!(wrong.parse::<PublicKey>().is_err(), "{wrong}");
        }
    }
}
