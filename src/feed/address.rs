//! Which addresses are of the public internet, and a resolver that gives no others.

use std::error::Error as _;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::Host;

/// What may be reached.
#[derive(Debug, Clone, Copy)]
pub(super) enum Reach {
    /// The public internet.
    Public,
    /// This machine and its networks too.
    Everything,
    /// One address beside the public internet, from which a test can lead elsewhere.
    #[cfg(test)]
    PublicAnd(IpAddr),
}

impl Reach {
    /// Whether this address may be reached.
    pub(super) fn allows(self, address: IpAddr) -> bool {
        match self {
            Self::Public => is_public(address),
            Self::Everything => true,
            #[cfg(test)]
            Self::PublicAnd(one) => is_public(address) || address == one,
        }
    }
}

/// Resolves names to what may be reached only, at the moment of connecting: a name that changes its mind gains nothing.
pub(super) struct Resolver(pub(super) Reach);

/// A name that leads to no public address.
#[derive(Debug, thiserror::Error)]
#[error("{0} is not public")]
struct NotPublic(String);

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let reach = self.0;
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let some = !found.is_empty();
            let allowed: Vec<SocketAddr> = found.into_iter().filter(|address| reach.allows(address.ip())).collect();
            match (allowed.is_empty(), some) {
                (false, _) => Ok(Box::new(allowed.into_iter()) as Addrs),
                (true, true) => Err(NotPublic(name.as_str().to_owned()).into()),
                (true, false) => Err(io::Error::from(io::ErrorKind::NotFound).into()),
            }
        })
    }
}

/// The name that a request failed for because it is not public, if that is why.
pub(super) fn refused(error: &reqwest::Error) -> Option<String> {
    let mut cause = error.source();
    while let Some(error) = cause {
        if let Some(NotPublic(name)) = error.downcast_ref() {
            return Some(name.clone());
        }
        cause = error.source();
    }
    None
}

/// The address that a URL names by its number, however that is written.
pub(super) fn literal(url: &Url) -> Option<IpAddr> {
    match url.host()? {
        Host::Ipv4(address) => Some(address.into()),
        Host::Ipv6(address) => Some(address.into()),
        Host::Domain(_) => None,
    }
}

/// Whether an address is of the public internet, as opposed to this machine, its networks and what is reserved.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    match (a, b, c) {
        // This network, private, loopback, multicast and all that is reserved above.
        (0 | 10 | 127 | 224..=255, _, _) => false,
        // Between carriers and their customers; link-local, where clouds keep their secrets; private.
        (100, 64..=127, _) | (169, 254, _) | (172, 16..=31, _) | (192, 168, _) => false,
        // Protocol assignments, documentation, 6to4 relays, benchmarks.
        (192, 0, 0 | 2) | (192, 88, 99) | (198, 18..=19, _) | (198, 51, 100) | (203, 0, 113) => false,
        _ => true,
    }
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let segments = address.segments();
    let v4 = |high: u16, low: u16| Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
    match segments {
        // Unspecified, loopback, and IPv4 in its old and its usual dress.
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low] => segments[5] == 0xffff && is_public_v4(v4(high, low)),
        [0, 0, 0, 0, 0xffff, 0, high, low] => is_public_v4(v4(high, low)),
        // Translated (NAT64) and tunnelled (6to4): what counts is where it ends.
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => is_public_v4(v4(high, low)),
        // Local translation, Teredo, benchmarks, ORCHID, documentation.
        [0x64, 0xff9b, 1, ..] | [0x2001, 0..=0x1ff, ..] | [0x2001, 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => false,
        // All that is not handed out as global: discard-only, unique-local, link-local, site-local, multicast.
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_public_internet_is_public() {
        for private in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "127.0.0.1",
            "127.255.255.254",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.168.1.1",
            "198.18.0.1",
            "203.0.113.9",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::127.0.0.1",
            "::ffff:0:10.0.0.1",
            "64:ff9b::a00:1",
            "64:ff9b:1::1",
            "2002:7f00:1::",
            "2001::1",
            "2001:db8::1",
            "fc00::1",
            "fd12:3456::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "100::1",
        ] {
            assert!(!is_public(private.parse().unwrap()), "{private}");
        }
        for public in [
            "1.1.1.1",
            "9.9.9.9",
            "172.32.0.1",
            "192.1.0.1",
            "2606:4700:4700::1111",
            "2a00:1450::1",
            "::ffff:1.1.1.1",
            "64:ff9b::101:101",
        ] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
    }

    #[test]
    fn a_number_is_an_address_however_it_is_written() {
        for url in ["http://127.0.0.1/", "http://2130706433/", "http://0x7f.1/", "http://0177.0.0.1/", "http://127.1/"]
        {
            assert_eq!(literal(&Url::parse(url).unwrap()), Some(IpAddr::from([127, 0, 0, 1])), "{url}");
        }
        assert_eq!(literal(&Url::parse("http://[::1]:80/").unwrap()), Some(Ipv6Addr::LOCALHOST.into()));
        assert_eq!(literal(&Url::parse("http://example.org/").unwrap()), None);
    }
}
