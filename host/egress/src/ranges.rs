//! Which addresses are public: one table of special ranges, each with its source, and the addresses that embed others.
//!
//! The sources are the IANA registries of special-purpose addresses (RFC 6890) for IPv4 and IPv6, as of 2025, and for
//! metadata services the documents of the clouds. What the registries call globally reachable is not in the table
//! (192.0.0.9, 192.31.196.0/24 and the like), except as a part of a range that is listed as a whole.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Why an address is not public. A later case outweighs an earlier one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// It is private: of a local network, or not assigned.
    Private,
    /// It is link-local, a metadata service's, or cannot be dialled at all.
    Prohibited,
}

use Kind::{Private, Prohibited};

/// Addresses that begin with the same bits.
struct Range<A> {
    first: A,
    bits: u32,
    kind: Kind,
}

const fn v4(a: u8, b: u8, c: u8, d: u8, bits: u32, kind: Kind) -> Range<Ipv4Addr> {
    Range { first: Ipv4Addr::new(a, b, c, d), bits, kind }
}

/// By the first four groups of an address, of which the rest is zero.
const fn v6(a: u16, b: u16, c: u16, d: u16, bits: u32, kind: Kind) -> Range<Ipv6Addr> {
    Range { first: Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0), bits, kind }
}

const fn one(a: u16, b: u16, c: u16, g: u16, h: u16, kind: Kind) -> Range<Ipv6Addr> {
    Range { first: Ipv6Addr::new(a, b, c, 0, 0, 0, g, h), bits: 128, kind }
}

#[rustfmt::skip]
const V4: [Range<Ipv4Addr>; 22] = [
    v4(0, 0, 0, 0, 8, Prohibited),            // this network, RFC 791; to some systems this very machine
    v4(10, 0, 0, 0, 8, Private),              // private use, RFC 1918
    v4(100, 64, 0, 0, 10, Private),           // carriers' translators, RFC 6598
    v4(100, 100, 100, 200, 32, Prohibited),   // metadata of Alibaba Cloud
    v4(127, 0, 0, 0, 8, Private),             // loopback, RFC 1122
    v4(168, 63, 129, 16, 32, Prohibited),     // Azure's own services for its machines
    v4(169, 254, 0, 0, 16, Prohibited),       // link-local, RFC 3927; metadata of most clouds, and of ECS (169.254.170.2)
    v4(172, 16, 0, 0, 12, Private),           // private use, RFC 1918
    v4(192, 0, 0, 0, 24, Private),            // protocol assignments, RFC 6890
    v4(192, 0, 0, 192, 32, Prohibited),       // metadata of Oracle Cloud
    v4(192, 0, 2, 0, 24, Private),            // documentation, RFC 5737
    v4(192, 88, 99, 0, 24, Private),          // relays of 6to4, deprecated by RFC 7526
    v4(192, 168, 0, 0, 16, Private),          // private use, RFC 1918
    v4(198, 18, 0, 0, 15, Private),           // benchmarks, RFC 2544
    v4(198, 51, 100, 0, 24, Private),         // documentation, RFC 5737
    v4(203, 0, 113, 0, 24, Private),          // documentation, RFC 5737
    v4(224, 0, 0, 0, 4, Prohibited),          // multicast, RFC 5771
    v4(233, 252, 0, 0, 24, Prohibited),       // multicast for documentation, RFC 6676
    v4(240, 0, 0, 0, 4, Private),             // reserved, RFC 1112
    v4(255, 255, 255, 255, 32, Prohibited),   // broadcast, RFC 919
    v4(192, 0, 0, 170, 31, Private),          // discovery of NAT64, RFC 8880
    v4(192, 0, 0, 0, 29, Private),            // DS-Lite and others, RFC 7335
];

#[rustfmt::skip]
const V6: [Range<Ipv6Addr>; 21] = [
    one(0, 0, 0, 0, 0, Prohibited),                             // unspecified, RFC 4291
    one(0, 0, 0, 0, 1, Private),                                // loopback, RFC 4291
    v6(0x64, 0xff9b, 1, 0, 48, Private),                        // local translators, RFC 8215
    v6(0x100, 0, 0, 0, 64, Private),                            // discard-only, RFC 6666
    v6(0x100, 0, 0, 1, 64, Private),                            // dummy prefix, RFC 9780
    v6(0x2001, 0, 0, 0, 23, Private),                           // protocol assignments, RFC 2928, Teredo and ORCHID among them
    v6(0x2001, 0xdb8, 0, 0, 32, Private),                       // documentation, RFC 3849
    v6(0x3fff, 0, 0, 0, 20, Private),                           // documentation, RFC 9637
    v6(0x5f00, 0, 0, 0, 16, Private),                           // segment routing, RFC 9602
    v6(0x3ffe, 0, 0, 0, 16, Private),                           // the 6bone, returned by RFC 3701
    v6(0xfc00, 0, 0, 0, 7, Private),                            // unique local, RFC 4193
    v6(0xfd00, 0xec2, 0, 0, 32, Prohibited),                    // Amazon's own services for its machines, metadata at ::254
    one(0xfd20, 0xce, 0, 0, 0x254, Prohibited),                 // metadata of Google Cloud
    one(0xfd00, 0x42, 0, 0, 0x42, Prohibited),                  // metadata of Scaleway
    one(0xfd00, 0xc1, 0, 0xa9fe, 0xa9fe, Prohibited),           // metadata of Oracle Cloud
    one(0xfd00, 0xa9fe, 0xa9fe, 0, 1, Prohibited),              // metadata of Linode
    v6(0xfe80, 0, 0, 0, 10, Prohibited),                        // link-local, RFC 4291
    v6(0xfec0, 0, 0, 0, 10, Private),                           // site-local, deprecated by RFC 3879
    v6(0xff00, 0, 0, 0, 8, Prohibited),                         // multicast, RFC 4291
    v6(0x2001, 0x2, 0, 0, 48, Private),                         // benchmarks, RFC 5180
    v6(0x2001, 0x10, 0, 0, 28, Private),                        // ORCHID, deprecated by RFC 7343
];

/// Why an address, or one that it embeds, is not public; `None` for a public address.
pub(crate) fn kind(address: IpAddr) -> Option<Kind> {
    match address {
        IpAddr::V4(address) => kind_v4(address),
        IpAddr::V6(address) => kind_v6(address).max(held(address).filter_map(kind_v4).max()),
    }
}

fn kind_v4(address: Ipv4Addr) -> Option<Kind> {
    let is_in = |range: &&Range<Ipv4Addr>| {
        let differ = address.to_bits() ^ range.first.to_bits();
        differ.leading_zeros() >= range.bits
    };
    V4.iter().filter(is_in).map(|range| range.kind).max()
}

fn kind_v6(address: Ipv6Addr) -> Option<Kind> {
    let is_in = |range: &&Range<Ipv6Addr>| {
        let differ = address.to_bits() ^ range.first.to_bits();
        differ.leading_zeros() >= range.bits
    };
    V6.iter().filter(is_in).map(|range| range.kind).max()
}

/// The IPv4 addresses that an IPv6 address leads to, by whatever translator, relay or tunnel.
fn held(address: Ipv6Addr) -> impl Iterator<Item = Ipv4Addr> {
    let bytes = address.octets();
    let at = |places: [usize; 4]| Ipv4Addr::from(places.map(|place| bytes.get(place).copied().unwrap_or_default()));
    let last = || at([12, 13, 14, 15]);
    let found: [Option<Ipv4Addr>; 5] = match address.segments() {
        // The unspecified address and loopback do not embed IPv4 addresses.
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] => [None; 5],
        // IPv4-compatible and IPv4-mapped (RFC 4291), IPv4-translated (RFC 2765), NAT64 (RFC 6052).
        [0, 0, 0, 0, 0, 0, _, _]
        | [0, 0, 0, 0, 0, 0xffff, _, _]
        | [0, 0, 0, 0, 0xffff, 0, _, _]
        | [0x64, 0xff9b, 0, 0, 0, 0, _, _] => [Some(last()), None, None, None, None],
        // Local translators (RFC 8215) choose where in the rest it is, as RFC 6052 has it for each length of a prefix. Where
        // it is not, there are zeros.
        [0x64, 0xff9b, 1, ..] => {
            let places = [[12, 13, 14, 15], [6, 7, 9, 10], [7, 9, 10, 11], [9, 10, 11, 12]];
            let [a, b, c, d] = places.map(|places| Some(at(places)).filter(|found| !matches!(found.octets(), [0, ..])));
            [a, b, c, d, None]
        }
        // 6to4 (RFC 3056).
        [0x2002, ..] => [Some(at([2, 3, 4, 5])), None, None, None, None],
        // Teredo (RFC 4380): the server, and the client with all bits turned around.
        [0x2001, 0, ..] => [Some(at([4, 5, 6, 7])), Some(Ipv4Addr::from_bits(!last().to_bits())), None, None, None],
        _ => [None; 5],
    };
    // ISATAP (RFC 5214) below any prefix.
    let isatap = matches!(address.segments(), [.., 0 | 0x200, 0x5efe, _, _]).then(last);
    found.into_iter().chain([isatap]).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: Option<Kind> = None;
    const PRIVATE: Option<Kind> = Some(Private);
    const PROHIBITED: Option<Kind> = Some(Prohibited);

    /// Each range, and what holds for the address before its first and after its last.
    const RANGES: [(&str, Option<Kind>, Option<Kind>, Option<Kind>); 43] = [
        ("0.0.0.0/8", PROHIBITED, NONE, NONE),
        ("10.0.0.0/8", PRIVATE, NONE, NONE),
        ("100.64.0.0/10", PRIVATE, NONE, NONE),
        ("100.100.100.200/32", PROHIBITED, PRIVATE, PRIVATE),
        ("127.0.0.0/8", PRIVATE, NONE, NONE),
        ("168.63.129.16/32", PROHIBITED, NONE, NONE),
        ("169.254.0.0/16", PROHIBITED, NONE, NONE),
        ("172.16.0.0/12", PRIVATE, NONE, NONE),
        ("192.0.0.0/24", PRIVATE, NONE, NONE),
        ("192.0.0.0/29", PRIVATE, NONE, PRIVATE),
        ("192.0.0.170/31", PRIVATE, PRIVATE, PRIVATE),
        ("192.0.0.192/32", PROHIBITED, PRIVATE, PRIVATE),
        ("192.0.2.0/24", PRIVATE, NONE, NONE),
        ("192.88.99.0/24", PRIVATE, NONE, NONE),
        ("192.168.0.0/16", PRIVATE, NONE, NONE),
        ("198.18.0.0/15", PRIVATE, NONE, NONE),
        ("198.51.100.0/24", PRIVATE, NONE, NONE),
        ("203.0.113.0/24", PRIVATE, NONE, NONE),
        ("224.0.0.0/4", PROHIBITED, NONE, PRIVATE),
        ("233.252.0.0/24", PROHIBITED, PROHIBITED, PROHIBITED),
        ("240.0.0.0/4", PRIVATE, PROHIBITED, NONE),
        ("255.255.255.255/32", PROHIBITED, PRIVATE, NONE),
        ("::/128", PROHIBITED, PROHIBITED, PRIVATE),
        ("::1/128", PRIVATE, PROHIBITED, PROHIBITED),
        ("64:ff9b:1::/48", PRIVATE, NONE, NONE),
        ("100::/64", PRIVATE, NONE, PRIVATE),
        ("100:0:0:1::/64", PRIVATE, PRIVATE, NONE),
        ("2001::/23", PRIVATE, NONE, NONE),
        ("2001:2::/48", PRIVATE, PRIVATE, PRIVATE),
        ("2001:10::/28", PRIVATE, PRIVATE, PRIVATE),
        ("2001:db8::/32", PRIVATE, NONE, NONE),
        ("3ffe::/16", PRIVATE, NONE, PRIVATE),
        ("3fff::/20", PRIVATE, PRIVATE, NONE),
        ("5f00::/16", PRIVATE, NONE, NONE),
        ("fc00::/7", PRIVATE, NONE, NONE),
        ("fd00:ec2::/32", PROHIBITED, PRIVATE, PRIVATE),
        ("fd20:ce::254/128", PROHIBITED, PRIVATE, PRIVATE),
        ("fd00:42::42/128", PROHIBITED, PRIVATE, PRIVATE),
        ("fd00:c1::a9fe:a9fe/128", PROHIBITED, PRIVATE, PRIVATE),
        ("fd00:a9fe:a9fe::1/128", PROHIBITED, PRIVATE, PRIVATE),
        ("fe80::/10", PROHIBITED, NONE, PRIVATE),
        ("fec0::/10", PRIVATE, PROHIBITED, PROHIBITED),
        ("ff00::/8", PROHIBITED, PRIVATE, PROHIBITED),
    ];

    /// The address before the first of a range, the first, the last, and the one after it, around the corner.
    fn borders(range: &str) -> [IpAddr; 4] {
        let (first, bits) = range.split_once('/').unwrap();
        let bits: u32 = bits.parse().unwrap();
        match first.parse().unwrap() {
            IpAddr::V4(address) => {
                let first = address.to_bits();
                let last = first | u32::MAX.checked_shr(bits).unwrap_or(0);
                [first.wrapping_sub(1), first, last, last.wrapping_add(1)].map(|bits| Ipv4Addr::from_bits(bits).into())
            }
            IpAddr::V6(address) => {
                let first = address.to_bits();
                let last = first | u128::MAX.checked_shr(bits).unwrap_or(0);
                [first.wrapping_sub(1), first, last, last.wrapping_add(1)].map(|bits| Ipv6Addr::from_bits(bits).into())
            }
        }
    }

    #[test]
    fn each_range_begins_and_ends_where_its_source_says() {
        for (range, within, before, after) in RANGES {
            let addresses = borders(range);
            // Around the corner of all addresses is the other end of them.
            let expect = match range {
                "0.0.0.0/8" => [PROHIBITED, within, within, after],
                "240.0.0.0/4" => [before, within, PROHIBITED, PROHIBITED],
                "255.255.255.255/32" => [before, within, within, PROHIBITED],
                // The first of Teredo holds the address of all zeros, and this last one that of all ones.
                "2001::/23" => [before, PROHIBITED, within, after],
                "64:ff9b:1::/48" => [before, within, PROHIBITED, after],
                _ => [before, within, within, after],
            };
            assert_eq!(addresses.map(kind), expect, "{range}: {addresses:?}");
        }
        assert_eq!(RANGES.len(), V4.len() + V6.len(), "each range of the table is here");
    }

    #[test]
    fn addresses_that_embed_others_are_checked() {
        for (address, expect) in [
            ("::a9fe:a9fe", PROHIBITED),
            ("::10.0.0.1", PRIVATE),
            ("::8.8.8.8", NONE),
            ("::ffff:169.254.169.254", PROHIBITED),
            ("::ffff:10.0.0.1", PRIVATE),
            ("::ffff:8.8.8.8", NONE),
            ("::ffff:0:169.254.169.254", PROHIBITED),
            ("::ffff:0:127.0.0.1", PRIVATE),
            ("::ffff:0:8.8.8.8", NONE),
            ("64:ff9b::169.254.169.254", PROHIBITED),
            ("64:ff9b::192.168.0.1", PRIVATE),
            ("64:ff9b::8.8.8.8", NONE),
            ("64:ff9b:1::169.254.169.254", PROHIBITED),
            ("64:ff9b:1:a9fe:a9:fe00::", PROHIBITED),
            ("64:ff9b:1:a9:fe:a9fe::", PROHIBITED),
            ("64:ff9b:1:0:a9:fea9:fe00:0", PROHIBITED),
            ("64:ff9b:1::8.8.8.8", PRIVATE),
            ("64:ff9b:1:808:8:800::", PRIVATE),
            ("2002:a9fe:a9fe::1", PROHIBITED),
            ("2002:a00:1::1", PRIVATE),
            ("2002:808:808::1", NONE),
            ("2001:0:a9fe:a9fe:0:0:f7f7:f7f7", PROHIBITED),
            ("2001:0:808:808:0:0:5601:5601", PROHIBITED),
            ("2001:0:808:808:0:0:f7f7:f7f7", PRIVATE),
            ("2a00::5efe:169.254.169.254", PROHIBITED),
            ("2a00::200:5efe:10.0.0.1", PRIVATE),
            ("2a00::5efe:8.8.8.8", NONE),
            ("2002:808:808::5efe:169.254.169.254", PROHIBITED),
            ("2606:4700::1", NONE),
        ] {
            assert_eq!(kind(address.parse().unwrap()), expect, "{address}");
        }
    }

    #[test]
    fn addresses_that_the_registries_call_global_are_public() {
        for address in ["1.1.1.1", "192.31.196.1", "192.52.193.1", "192.175.48.1", "2620:4f:8000::1", "2a00::1"] {
            assert_eq!(kind(address.parse().unwrap()), NONE, "{address}");
        }
    }
}
