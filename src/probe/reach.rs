//! Which addresses a check may be connected to: judged once it is an address, so that no way of writing one gets around it.
//! Pure; knows no name and no URL.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use thiserror::Error;

use crate::drill::health::Reach;

/// Why an address is not asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Refusal {
    #[error("a link-local address, where machines are handed their credentials: a check never reaches it")]
    LinkLocal,
    #[error("an address of AWS's instance metadata: a check never reaches it")]
    Metadata,
    #[error("no address of one machine: write the service's own")]
    NoMachine,
    #[error("this machine itself: if that is what you want to check, add --check-local")]
    ThisMachine,
    #[error("another machine, and a lab asks none: write http://127.0.0.1:PORT")]
    AnotherMachine,
    #[error("an IPv4 address in a disguise that cannot be read: write the IPv4 address")]
    Disguise,
}

/// What an address is.
enum Kind {
    ThisMachine,
    Other,
    Never(Refusal),
}

/// Whether a check that reaches so far may be connected to that address.
pub fn judge(address: IpAddr, reach: Reach) -> Result<(), Refusal> {
    match (kind(address), reach) {
        (Kind::Never(why), _) => Err(why),
        (Kind::ThisMachine, Reach::Network) => Err(Refusal::ThisMachine),
        (Kind::Other, Reach::ThisMachineAlone) => Err(Refusal::AnotherMachine),
        (Kind::ThisMachine | Kind::Other, _) => Ok(()),
    }
}

fn kind(address: IpAddr) -> Kind {
    match address {
        IpAddr::V4(address) => of_v4(address),
        IpAddr::V6(address) => match address.to_ipv4_mapped() {
            // the kernel connects to the IPv4 address itself
            Some(address) => of_v4(address),
            None => of_v6(address),
        },
    }
}

fn of_v4(address: Ipv4Addr) -> Kind {
    match address.octets() {
        [169, 254, ..] => Kind::Never(Refusal::LinkLocal),
        [127, ..] => Kind::ThisMachine,
        // "this network", of which the kernel makes this machine; multicast; reserved, and broadcast
        [0 | 224..=255, ..] => Kind::Never(Refusal::NoMachine),
        _ => Kind::Other,
    }
}

fn of_v6(address: Ipv6Addr) -> Kind {
    if address == Ipv6Addr::LOCALHOST {
        return Kind::ThisMachine;
    }
    match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0] | [0xff00..=0xffff, ..] => Kind::Never(Refusal::NoMachine),
        [0xfe80..=0xfebf, ..] => Kind::Never(Refusal::LinkLocal),
        [0xfd00, 0x0ec2, ..] => Kind::Never(Refusal::Metadata),
        // NAT64 of a network's own: where in it the IPv4 address is, only that network knows. Source: RFC 8215
        [0x64, 0xff9b, 1, ..] => Kind::Never(Refusal::Disguise),
        _ => {
            let mut carried = carried(address).into_iter().flatten().map(of_carried);
            carried.find(|kind| matches!(kind, Kind::Never(_))).unwrap_or(Kind::Other)
        }
    }
}

/// The IPv4 addresses that an IPv6 address stands for, by the ways of writing one in the other.
fn carried(address: Ipv6Addr) -> [Option<Ipv4Addr>; 2] {
    let v4 = |high: u16, low: u16| Some(Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low)));
    match address.segments() {
        // compatible, RFC 4291; translated, RFC 2765; NAT64, RFC 6052; 6to4, RFC 3056; ISATAP, RFC 5214
        [0, 0, 0, 0, 0 | 0xffff, 0, high, low]
        | [0x64, 0xff9b, 0, 0, 0, 0, high, low]
        | [0x2002, high, low, ..]
        | [_, _, _, _, 0 | 0x0200, 0x5efe, high, low] => [v4(high, low), None],
        // Teredo, RFC 4380: the server, and the client with its bits turned over
        [0x2001, 0, high, low, _, _, turned_high, turned_low] => [v4(high, low), v4(!turned_high, !turned_low)],
        _ => [None, None],
    }
}

/// What comes out of a translator or a tunnel is not this machine: there is nothing to be meant by its loopback.
fn of_carried(address: Ipv4Addr) -> Kind {
    match of_v4(address) {
        Kind::ThisMachine => Kind::Never(Refusal::NoMachine),
        kind => kind,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const EVERY_REACH: [Reach; 3] = [Reach::Network, Reach::ThisMachineToo, Reach::ThisMachineAlone];

    /// The IPv4 networks that no check reaches, by address and length of the prefix; said another way than the code does.
    const NEVER_V4: [(u32, u32); 4] = [(0x0000_0000, 8), (0xa9fe_0000, 16), (0xe000_0000, 4), (0xf000_0000, 4)];
    const LOOPBACK_V4: (u32, u32) = (0x7f00_0000, 8);
    /// Ways of carrying an IPv4 address: the prefix, the bits that follow it in the place of the last 32, and whether they
    /// are turned over.
    const CARRIERS: [(u128, u32, bool); 8] = [
        (0, 0, false),
        (0xffff_0000_0000, 0, false),
        (0xffff_0000_0000_0000, 0, false),
        (0x0064_ff9b << 96, 0, false),
        (0x2002 << 112, 80, false),
        (0x2001_0000 << 96, 64, false),
        (0x2001_0000_0808_0808 << 64, 0, true),
        (0x2a00_1450_0000_0001_0200_5efe << 32, 0, false),
    ];

    fn is_in(address: u32, (network, length): (u32, u32)) -> bool {
        (address ^ network).leading_zeros() >= length
    }

    fn carried_by((prefix, shift, turned): (u128, u32, bool), address: u32) -> IpAddr {
        let bits = if turned { !address } else { address };
        IpAddr::V6(Ipv6Addr::from_bits(prefix | u128::from(bits) << shift))
    }

    /// An address of one of those networks.
    fn never() -> impl Strategy<Value = u32> {
        (0..NEVER_V4.len(), any::<u32>()).prop_map(|(number, random)| {
            let (network, length) = NEVER_V4[number];
            network | random >> length
        })
    }

    #[test]
    fn where_credentials_are_handed_out_is_never_reached() {
        for text in [
            "169.254.169.254",
            "169.254.170.2",
            "169.254.170.23",
            "169.254.0.1",
            "fd00:ec2::254",
            "fd00:ec2::23",
            "fe80::1",
            "febf::1",
            "::ffff:169.254.169.254",
            "::169.254.169.254",
            "::ffff:0:169.254.169.254",
            "64:ff9b::169.254.169.254",
            "64:ff9b:1::169.254.169.254",
            "64:ff9b:1:a9fe:a9:fe00::",
            "2002:a9fe:a9fe::1",
            "2001:0:a9fe:a9fe::1",
            "2001:0:808:808::5601:5601",
            "2a00:1450::5efe:169.254.169.254",
            "0.0.0.0",
            "0.1.2.3",
            "::",
            "224.0.0.1",
            "255.255.255.255",
            "240.0.0.1",
            "ff02::1",
            "64:ff9b::127.0.0.1",
            "2002:7f00:1::",
            "::127.0.0.1",
        ] {
            for reach in EVERY_REACH {
                assert!(judge(text.parse().unwrap(), reach).is_err(), "{text} {reach:?}");
            }
        }
    }

    #[test]
    fn this_machine_is_asked_where_that_was_said_and_a_lab_asks_nothing_else() {
        for text in ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"] {
            let judged = EVERY_REACH.map(|reach| judge(text.parse().unwrap(), reach));
            assert_eq!(judged, [Err(Refusal::ThisMachine), Ok(()), Ok(())], "{text}");
        }
        for text in ["10.0.0.1", "172.16.0.9", "192.168.1.1", "100.64.0.1", "1.1.1.1", "2a00:1450::1", "fd12::1"] {
            let judged = EVERY_REACH.map(|reach| judge(text.parse().unwrap(), reach));
            assert_eq!(judged, [Ok(()), Ok(()), Err(Refusal::AnotherMachine)], "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_never_reached_is_not_reached_in_any_disguise(address in never(), carrier in 0..CARRIERS.len()) {
            let carrier = carried_by(CARRIERS[carrier], address);
            for reach in EVERY_REACH {
                prop_assert!(judge(IpAddr::V4(Ipv4Addr::from_bits(address)), reach).is_err());
                prop_assert!(judge(carrier, reach).is_err(), "{carrier}");
            }
        }

        #[test]
        fn every_ipv4_address_is_judged_by_the_networks_it_is_in(bits: u32) {
            let address = IpAddr::V4(Ipv4Addr::from_bits(bits));
            let never = NEVER_V4.iter().any(|network| is_in(bits, *network));
            let here = is_in(bits, LOOPBACK_V4);
            prop_assert_eq!(judge(address, Reach::Network).is_ok(), !never && !here);
            prop_assert_eq!(judge(address, Reach::ThisMachineToo).is_ok(), !never);
            prop_assert_eq!(judge(address, Reach::ThisMachineAlone).is_ok(), here);
        }

        /// The usual prefix of the internet's addresses, and ULA without AWS's own.
        #[test]
        fn other_ipv6_addresses_are_asked(low: u128, prefix in prop_oneof![Just(0x2a00_u128), Just(0xfd01)]) {
            prop_assume!(low >> 32 & 0xfdff_ffff != 0x5efe); // ISATAP
            let address = IpAddr::V6(Ipv6Addr::from_bits(prefix << 112 | low >> 16));
            prop_assert_eq!(judge(address, Reach::Network), Ok(()), "{}", address);
        }
    }
}
