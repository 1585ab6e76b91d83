//! Addresses that nothing is sent to, whatever name leads there.
//!
//! A name is looked up for each connection, and what comes back is filtered here before it is dialled: a name that first
//! led to the product's server and then to a machine's own metadata service gains nothing. Private and loopback
//! addresses are let through, since only origins that an administrator has configured are granted at all.

use std::future::Future;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::task::{Context, Poll};

use hyper_util::client::legacy::connect::dns::{GaiResolver, Name};
use tower_service::Service;

/// Where clouds answer their own machines with credentials, beside the link-local 169.254.169.254: Alibaba, Azure and
/// Oracle.
const METADATA_V4: [Ipv4Addr; 3] =
    [Ipv4Addr::new(100, 100, 100, 200), Ipv4Addr::new(168, 63, 129, 16), Ipv4Addr::new(192, 0, 0, 192)];

/// The same by IPv6: Amazon and Google.
const METADATA_V6: [Ipv6Addr; 2] =
    [Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254), Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254)];

/// Whether nothing may be sent to an address: link-local, a metadata service, or nobody's.
pub(super) fn is_prohibited(address: IpAddr) -> bool {
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

/// The IPv4 address that an IPv6 address stands for: mapped, or behind a translator (64:ff9b::/96).
fn inner_v4(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let translated = || match address.segments() {
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => Some(Ipv4Addr::from(u32::from(high) << 16 | u32::from(low))),
        _ => None,
    };
    address.to_ipv4_mapped().or_else(translated)
}

/// All addresses of a name are prohibited.
#[derive(Clone, Copy, Debug)]
pub(super) struct Prohibited;

impl std::fmt::Display for Prohibited {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the name leads to an address that nothing is sent to")
    }
}

impl std::error::Error for Prohibited {}

/// The system's resolver without the prohibited addresses.
#[derive(Clone, Debug)]
pub(super) struct Resolver(GaiResolver);

impl Resolver {
    pub(super) fn new() -> Self {
        Self(GaiResolver::new())
    }
}

impl Service<Name> for Resolver {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let looking_up = self.0.call(name);
        Box::pin(async move { allowed(looking_up.await?.collect()) })
    }
}

fn allowed(found: Vec<SocketAddr>) -> io::Result<std::vec::IntoIter<SocketAddr>> {
    let is_known = !found.is_empty();
    let allowed: Vec<_> = found.into_iter().filter(|address| !is_prohibited(address.ip())).collect();
    if is_known && allowed.is_empty() { Err(io::Error::other(Prohibited)) } else { Ok(allowed.into_iter()) }
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
    fn a_name_keeps_the_addresses_that_are_allowed() {
        let address = |text: &str| SocketAddr::new(text.parse().unwrap(), 0);
        let some = allowed(vec![address("169.254.169.254"), address("10.0.0.1")]).unwrap();
        assert_eq!(some.collect::<Vec<_>>(), [address("10.0.0.1")]);
        let none = allowed(vec![address("169.254.169.254")]).unwrap_err();
        assert!(none.get_ref().is_some_and(|inner| inner.is::<Prohibited>()));
        assert_eq!(allowed(Vec::new()).unwrap().count(), 0);
    }
}
