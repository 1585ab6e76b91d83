//! Blocked addresses: filters what a name resolves to before it is dialled.
//!
//! Each connection looks its name up, and the result is filtered here. So DNS rebinding gains nothing: a name that first
//! led to the product's server cannot lead to a machine's metadata service later. Private and loopback addresses pass if
//! the policy allows them.
//!
//! A forward proxy looks names up itself. Behind one, only addresses in the URL are checked, and a few names that are
//! known to lead to the proxy's own machine or its metadata service.

use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::task::{Context, Poll};

use hyper_util::client::legacy::connect::dns::{GaiResolver, Name};
use tower_service::Service;

use crate::DenialReason;
use crate::policy::Reach;
use crate::ranges::{self, Kind};

/// The names of metadata services, for proxies that would look them up: Google's, and Amazon's.
const METADATA_NAMES: [&str; 4] =
    ["metadata", "metadata.google.internal", "metadata.goog", "instance-data.ec2.internal"];

/// Why an address is blocked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// It is link-local, reserved, or a metadata service's.
    Prohibited,
    /// It is a private address, and the policy allows only public ones.
    Private,
}

impl From<Refusal> for DenialReason {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Prohibited => Self::ProhibitedAddress,
            Refusal::Private => Self::PrivateAddress,
        }
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Prohibited => "the name leads to a blocked address",
            Self::Private => "the name leads to a private address",
        })
    }
}

impl std::error::Error for Refusal {}

/// Why an address must not be dialled; `None` if it may be.
pub(crate) fn refusal(address: IpAddr, reach: Reach) -> Option<Refusal> {
    match ranges::kind(address)? {
        Kind::Prohibited => Some(Refusal::Prohibited),
        Kind::Private => (reach == Reach::Public).then_some(Refusal::Private),
    }
}

/// Why a host is refused before it is looked up; `None` if it is not. `by_proxy` says that a proxy will look it up.
pub(crate) fn refusal_of_host(host: &str, reach: Reach, by_proxy: bool) -> Option<Refusal> {
    let bare = host.trim_matches(['[', ']']);
    if let Ok(address) = bare.parse() {
        return refusal(address, reach);
    }
    // Resolvers read some names, such as 0x7f.1, as addresses in an older form. Nobody needs them.
    let last = bare.trim_end_matches('.').rsplit('.').next().unwrap_or_default();
    let is_number = !last.is_empty() && last.bytes().all(|b| b.is_ascii_digit());
    let is_hexadecimal = last.get(..2).is_some_and(|start| start.eq_ignore_ascii_case("0x"));
    let is_in_brackets = bare.len() != host.len();
    if is_number || is_hexadecimal || is_in_brackets {
        return Some(Refusal::Prohibited);
    }
    if !by_proxy {
        return None;
    }
    let name = bare.trim_end_matches('.').to_ascii_lowercase();
    if METADATA_NAMES.contains(&name.as_str()) {
        return Some(Refusal::Prohibited);
    }
    let is_local = name == "localhost" || name.ends_with(".localhost");
    (is_local && reach == Reach::Public).then_some(Refusal::Private)
}

/// The system's resolver without the addresses that are out of reach.
#[derive(Clone, Debug)]
pub(crate) struct Resolver {
    system: GaiResolver,
    reach: Reach,
}

impl Resolver {
    pub(crate) fn new(reach: Reach) -> Self {
        Self { system: GaiResolver::new(), reach }
    }
}

impl Service<Name> for Resolver {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.system.poll_ready(context)
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let (looking_up, reach) = (self.system.call(name), self.reach);
        Box::pin(async move { within_reach(looking_up.await?, reach) })
    }
}

/// The addresses that may be dialled. A prohibited address is reported before a private one, since no policy can allow
/// it.
fn within_reach(found: impl Iterator<Item = SocketAddr>, reach: Reach) -> io::Result<std::vec::IntoIter<SocketAddr>> {
    let (mut allowed, mut refused) = (Vec::new(), None);
    for address in found {
        match refusal(address.ip(), reach) {
            None => allowed.push(address),
            Some(refusal) if refused != Some(Refusal::Prohibited) => refused = Some(refusal),
            Some(_) => {}
        }
    }
    match refused {
        Some(refusal) if allowed.is_empty() => Err(io::Error::other(refusal)),
        _ => Ok(allowed.into_iter()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_addresses_are_dialled_if_the_policy_allows_them_and_prohibited_ones_never() {
        for (text, public, private) in [
            ("8.8.8.8", None, None),
            ("2606:4700::1", None, None),
            ("10.0.0.1", Some(Refusal::Private), None),
            ("127.0.0.1", Some(Refusal::Private), None),
            ("::1", Some(Refusal::Private), None),
            ("::ffff:10.0.0.1", Some(Refusal::Private), None),
            ("169.254.169.254", Some(Refusal::Prohibited), Some(Refusal::Prohibited)),
            ("fe80::1", Some(Refusal::Prohibited), Some(Refusal::Prohibited)),
            ("fd00:ec2::23", Some(Refusal::Prohibited), Some(Refusal::Prohibited)),
            ("64:ff9b::a9fe:a9fe", Some(Refusal::Prohibited), Some(Refusal::Prohibited)),
        ] {
            let address = text.parse().unwrap();
            assert_eq!(
                (refusal(address, Reach::Public), refusal(address, Reach::Private)),
                (public, private),
                "{text}"
            );
        }
    }

    #[test]
    fn hosts_are_looked_at_before_they_are_looked_up() {
        use Reach::{Private, Public};
        let (prohibited, private) = (Some(Refusal::Prohibited), Some(Refusal::Private));
        for (host, reach, directly, by_proxy) in [
            ("chat.example.com", Public, None, None),
            ("chat.example.com.", Public, None, None),
            ("10.0.0.1", Private, None, None),
            ("10.0.0.1", Public, private, private),
            ("[::1]", Private, None, None),
            ("[::1]", Public, private, private),
            ("[fe80::1]", Private, prohibited, prohibited),
            ("[fe80::1%25eth0]", Private, prohibited, prohibited),
            ("169.254.169.254", Private, prohibited, prohibited),
            ("169.254.169.254.", Private, prohibited, prohibited),
            ("2852039166", Private, prohibited, prohibited),
            ("0xa9fea9fe", Private, prohibited, prohibited),
            ("169.0xfea9fe", Private, prohibited, prohibited),
            ("0251.0376.0251.0376", Private, prohibited, prohibited),
            ("1.example", Public, None, None),
            ("localhost", Private, None, None),
            ("localhost", Public, None, private),
            ("a.LocalHost.", Public, None, private),
            ("metadata.google.internal", Private, None, prohibited),
            ("Metadata.Google.Internal.", Private, None, prohibited),
        ] {
            assert_eq!(refusal_of_host(host, reach, false), directly, "{host} directly");
            assert_eq!(refusal_of_host(host, reach, true), by_proxy, "{host} by a proxy");
        }
    }

    #[test]
    fn a_name_keeps_the_addresses_that_are_within_reach() {
        let of = |texts: &[&str], reach| {
            let found = texts.iter().map(|text| SocketAddr::new(text.parse().unwrap(), 0)).collect::<Vec<_>>();
            match within_reach(found.into_iter(), reach) {
                Ok(left) => Ok(left.map(|address| address.ip().to_string()).collect::<Vec<_>>()),
                Err(error) => Err(*error.get_ref().unwrap().downcast_ref::<Refusal>().unwrap()),
            }
        };
        let names = |names: &[&str]| Ok(names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>());
        for (found, reach, expect) in [
            (&["169.254.169.254", "10.0.0.1"][..], Reach::Private, names(&["10.0.0.1"])),
            (&["169.254.169.254", "10.0.0.1", "8.8.8.8"], Reach::Public, names(&["8.8.8.8"])),
            (&["169.254.169.254"], Reach::Private, Err(Refusal::Prohibited)),
            (&["10.0.0.1", "169.254.169.254", "::1"], Reach::Public, Err(Refusal::Prohibited)),
            (&["10.0.0.1"], Reach::Public, Err(Refusal::Private)),
            (&[], Reach::Public, names(&[])),
        ] {
            assert_eq!(of(found, reach), expect, "{found:?}");
        }
    }
}
