//! Addresses that nothing is sent to, whatever name leads there.
//!
//! A name is looked up for each connection, and what comes back is filtered here before it is dialled: a name that first
//! led to the product's server and then to a machine's own metadata service gains nothing. Private and loopback
//! addresses are let through where the policy says so.
//!
//! A forward proxy looks names up itself, so that behind one only addresses that stand in the URL are checked, and a few
//! names that are known to lead to the proxy's own machine or its metadata service.

use std::future::Future;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::task::{Context, Poll};

use hyper_util::client::legacy::connect::dns::{GaiResolver, Name};
use tower_service::Service;

use crate::DenialReason;
use crate::policy::Reach;

/// Where clouds answer their own machines with credentials, beside the link-local 169.254.169.254: Alibaba, Azure and
/// Oracle.
const METADATA_V4: [Ipv4Addr; 3] =
    [Ipv4Addr::new(100, 100, 100, 200), Ipv4Addr::new(168, 63, 129, 16), Ipv4Addr::new(192, 0, 0, 192)];

/// The same by IPv6: Amazon and Google.
const METADATA_V6: [Ipv6Addr; 2] =
    [Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254), Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254)];

/// The names of metadata services, for proxies that would look them up: Google's, and Amazon's.
const METADATA_NAMES: [&str; 4] =
    ["metadata", "metadata.google.internal", "metadata.goog", "instance-data.ec2.internal"];

/// Why nothing is sent to an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// It is link-local, a metadata service's, or nobody's.
    Prohibited,
    /// It is not one of the Internet, and the policy wants one.
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
            Self::Prohibited => "the name leads to an address that nothing is sent to",
            Self::Private => "the name leads to a private address",
        })
    }
}

impl std::error::Error for Refusal {}

/// Why an address is not dialled, if it is not.
pub(super) fn refusal(address: IpAddr, reach: Reach) -> Option<Refusal> {
    if is_prohibited(address) {
        return Some(Refusal::Prohibited);
    }
    (reach == Reach::Public && is_private(address)).then_some(Refusal::Private)
}

/// Why a host is refused before anybody looks it up, if it is. `by_proxy` says that a proxy will do so.
pub(super) fn refusal_of_host(host: &str, reach: Reach, by_proxy: bool) -> Option<Refusal> {
    let bare = host.trim_matches(['[', ']']);
    if let Ok(address) = bare.parse() {
        return refusal(address, reach);
    }
    // What resolvers take for an address in one of its older forms, such as 0x7f.1, is not a name that anybody needs.
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

fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_private_v4(v4),
        IpAddr::V6(v6) => {
            let local_translator = matches!(v6.segments(), [0x64, 0xff9b, 1, ..]);
            let site_local = matches!(v6.segments(), [0xfec0..=0xfeff, ..]);
            v6.is_loopback()
                || v6.is_unique_local()
                || local_translator
                || site_local
                || inner_v4(v6).is_some_and(is_private_v4)
        }
    }
}

/// RFC 1918, loopback, and what RFC 6890 keeps from the Internet: carriers' translators, protocols, benchmarks, reserved.
fn is_private_v4(address: Ipv4Addr) -> bool {
    let is_kept = match address.octets() {
        [100, second, ..] => second & 0b1100_0000 == 64,
        [192, 0, 0, _] => true,
        [198, second, ..] => second & 0b1111_1110 == 18,
        [first, ..] => first >= 240,
    };
    address.is_private() || address.is_loopback() || is_kept
}

/// Whether nothing may be sent to an address: link-local, a metadata service, or nobody's.
fn is_prohibited(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_prohibited_v4(v4),
        IpAddr::V6(v6) => {
            v6.is_unspecified()
                || v6.is_multicast()
                || v6.is_unicast_link_local()
                || METADATA_V6.contains(&v6)
                || inner_v4(v6).is_some_and(is_prohibited_v4)
        }
    }
}

fn is_prohibited_v4(address: Ipv4Addr) -> bool {
    // The whole of 0.0.0.0/8 means this very machine to some systems.
    address.octets().first() == Some(&0)
        || address.is_link_local()
        || address.is_multicast()
        || address.is_broadcast()
        || METADATA_V4.contains(&address)
}

/// The IPv4 address that an IPv6 address stands for: mapped, behind a translator (64:ff9b::/96) or in 6to4 (2002::/16).
fn inner_v4(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let translated = || match address.segments() {
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => {
            Some(Ipv4Addr::from(u32::from(high) << 16 | u32::from(low)))
        }
        _ => None,
    };
    address.to_ipv4_mapped().or_else(translated)
}

/// The system's resolver without the addresses that are out of reach.
#[derive(Clone, Debug)]
pub(super) struct Resolver {
    system: GaiResolver,
    reach: Reach,
}

impl Resolver {
    pub(super) fn new(reach: Reach) -> Self {
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

/// The addresses that may be dialled. One that is prohibited is told before one that is private, since no policy
/// changes it.
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
    fn link_local_and_metadata_addresses_are_prohibited() {
        let prohibited = [
            "169.254.169.254",
            "169.254.1.1",
            "0.0.0.0",
            "0.1.2.3",
            "100.100.100.200",
            "168.63.129.16",
            "192.0.0.192",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "fe80::1",
            "febf::1",
            "ff02::1",
            "fd00:ec2::254",
            "fd20:ce::254",
            "::ffff:169.254.169.254",
            "64:ff9b::a9fe:a9fe",
        ];
        for text in prohibited {
            assert!(is_prohibited(text.parse().unwrap()), "{text}");
        }
        let allowed = [
            "127.0.0.1",
            "10.0.0.1",
            "192.168.1.1",
            "100.64.0.1",
            "8.8.8.8",
            "::1",
            "fd00::1",
            "2001:db8::1",
            "::ffff:10.0.0.1",
        ];
        for text in allowed {
            assert!(!is_prohibited(text.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn private_addresses_are_out_of_public_reach() {
        for (text, expect) in [
            ("127.0.0.1", Some(Refusal::Private)),
            ("127.255.0.1", Some(Refusal::Private)),
            ("10.0.0.1", Some(Refusal::Private)),
            ("172.16.0.1", Some(Refusal::Private)),
            ("172.31.255.255", Some(Refusal::Private)),
            ("172.32.0.1", None),
            ("192.168.1.1", Some(Refusal::Private)),
            ("100.63.255.255", None),
            ("100.64.0.1", Some(Refusal::Private)),
            ("100.127.255.255", Some(Refusal::Private)),
            ("100.128.0.1", None),
            ("192.0.0.1", Some(Refusal::Private)),
            ("192.0.2.1", None),
            ("198.17.0.1", None),
            ("198.18.0.1", Some(Refusal::Private)),
            ("198.19.0.1", Some(Refusal::Private)),
            ("240.0.0.1", Some(Refusal::Private)),
            ("8.8.8.8", None),
            ("169.254.169.254", Some(Refusal::Prohibited)),
            ("::1", Some(Refusal::Private)),
            ("fc00::1", Some(Refusal::Private)),
            ("fd00::1", Some(Refusal::Private)),
            ("fec0::1", Some(Refusal::Private)),
            ("::ffff:10.0.0.1", Some(Refusal::Private)),
            ("64:ff9b::a00:1", Some(Refusal::Private)),
            ("64:ff9b:1::1", Some(Refusal::Private)),
            ("2002:a00:1::1", Some(Refusal::Private)),
            ("2002:a9fe:a9fe::1", Some(Refusal::Prohibited)),
            ("2002:808:808::1", None),
            ("2606:4700::1", None),
        ] {
            assert_eq!(refusal(text.parse().unwrap(), Reach::Public), expect, "{text}");
            let anywhere = expect.filter(|refusal| *refusal == Refusal::Prohibited);
            assert_eq!(refusal(text.parse().unwrap(), Reach::Private), anywhere, "{text} where private ones may be");
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
