//! Reads rings.txt and packets.txt, which `deno task vectors --generate DIR` writes, and holds a reader of
//! its own against them (docs/wire.md 1 to 3): rustc reader.rs && ./reader DIR
use std::{collections::HashMap, env, fs, process::exit};

/// The lines of a case, by their keys.
struct Case(HashMap<String, String>);

impl Case {
    fn text(&self, key: &str) -> &str {
        self.0.get(key).map_or("", String::as_str)
    }
    fn number(&self, key: &str) -> usize {
        self.text(key).parse().unwrap_or(0)
    }
    fn bytes(&self, key: &str) -> Vec<u8> {
        let digits = self.text(key).trim_matches('-').as_bytes();
        let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
        digits.chunks(2).map(byte).collect()
    }
    /// The name of the fault that a key has; none where that is null.
    fn fault(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str).filter(|&name| name != "null")
    }
}

fn u16_at(bytes: &[u8], at: usize) -> usize {
    usize::from(u16::from_le_bytes([bytes[at], bytes[at + 1]]))
}
fn u32_at(bytes: &[u8], at: usize) -> usize {
    u16_at(bytes, at) | u16_at(bytes, at + 2) << 16
}
fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u32_at(bytes, at) as u64 | (u32_at(bytes, at + 4) as u64) << 32
}

/// A packet as its descriptor has it, or what a ring's reader has against it; its trailer is to be in `unread` as well (1.9).
fn packet_in(unread: &[u8]) -> Result<&[u8], &'static str> {
    if unread.len() < 16 {
        return Err("invalidDataAvailable");
    }
    let (kind, offset, length) = (u16_at(unread, 0), u16_at(unread, 2) * 8, u16_at(unread, 4) * 8);
    if offset < 16 || offset > length || length + 8 > unread.len() {
        return Err("invalidDescriptorLengths");
    }
    match (u16_at(unread, 6), kind) {
        (2.., _) => Err("invalidDescriptorFlags"),
        (_, 6 | 11) => Ok(&unread[..length]),
        (_, 7 | 9) if offset < 24 => Err("invalidDescriptorLengths"),
        (_, 9) if u32_at(unread, 20) == 0 => Err("invalidGpaDirectRangeCount"),
        (_, 7 | 9) => Ok(&unread[..length]),
        _ => Err("invalidDescriptorType"),
    }
}

/// A range of guest memory: byte count, offset, and a PFN for each page (3.1).
type Range = (usize, usize, Vec<u64>);

/// The ranges of a GPA direct packet, in the words of its header.
fn ranges_in(packet: &[u8]) -> Result<Vec<Range>, &'static str> {
    let words: Vec<&[u8]> = packet[24..u16_at(packet, 2) * 8].chunks(8).collect();
    let mut left = words.as_slice();
    let mut ranges = Vec::new();
    for _ in 0..u32_at(packet, 20) {
        let (first, rest) = left.split_first().ok_or("emptyRange")?;
        let (count, offset) = (u32_at(first, 0), u32_at(first, 4));
        match (count, offset) {
            (0, _) => return Err("emptyByteCount"),
            (_, 4096..) => return Err("offsetTooLarge"),
            _ if count > 0xffff_ffff - offset - 4095 => return Err("rangeOverflow"),
            _ => {}
        }
        let pages = (count + offset).div_ceil(4096);
        if pages > rest.len() {
            return Err("rangeTooSmall");
        }
        let pfn = |word: &&[u8]| u64_at(word, 0);
        ranges.push((count, offset, rest[..pages].iter().map(pfn).collect()));
        left = &rest[pages..];
    }
    Ok(ranges)
}

/// What a reader finds in a ring from its read index on, each packet with its offset; and where it stands then.
fn read_ring(ring: &[u8]) -> Result<(Vec<(usize, Vec<u8>)>, usize), &'static str> {
    let (data, size) = (&ring[4096..], ring.len() - 4096);
    let (write, mut read) = (u32_at(ring, 0), u32_at(ring, 4));
    if read >= size || read % 8 != 0 {
        return Err("invalidReadIndex");
    }
    if write >= size || write % 8 != 0 {
        return Err("invalidWriteIndex");
    }
    let mut packets = Vec::new();
    while read != write {
        let used = (write + size - read) % size;
        let unread: Vec<u8> = (0..used).map(|at| data[(read + at) % size]).collect();
        let packet = packet_in(&unread)?.to_vec();
        let next = (read + packet.len() + 8) % size;
        packets.push((read, packet));
        read = next;
    }
    Ok((packets, read))
}

fn check_ring(case: &Case) -> Option<String> {
    let mut ring = vec![0; 4096 + case.number("ringDataBytes")];
    for piece in 0..case.number("bytes") {
        let bytes = case.bytes(&format!("bytes.{piece}.hex"));
        let offset = case.number(&format!("bytes.{piece}.offset"));
        ring[offset..offset + bytes.len()].copy_from_slice(&bytes);
    }
    let is_masked = u32_at(&ring, 8) != 0 && case.text("reader.isUnmasked") == "true";
    let expected = case.fault("reader.fault");
    let (packets, read) = match read_ring(&ring) {
        Ok((packets, _)) if packets.is_empty() && is_masked => {
            return differs(expected, Some("interruptsExternallyMasked"));
        }
        Ok(found) => found,
        Err(fault) => return differs(expected, Some(fault)),
    };
    let listed = (0..case.number("reader.packets")).map(|at| {
        let key = format!("reader.packets.{at}");
        (case.number(&format!("{key}.offset")), case.bytes(&format!("{key}.hex")))
    });
    differs(expected, None)
        .or_else(|| differs(&listed.collect::<Vec<_>>(), &packets))
        .or_else(|| differs(case.number("reader.readIndex"), read))
}

fn check_packet(case: &Case) -> Option<String> {
    let expected = case.fault("fault.name");
    let mut bytes = case.bytes("hex");
    bytes.extend([0; 8]); // its trailer
    let ranges = packet_in(&bytes).and_then(|packet| match (u16_at(packet, 0), u16_at(packet, 6)) {
        (11, 1) => Err("unexpectedFlags"),
        (9, _) => ranges_in(packet),
        (7, _) if !(1..=u16_at(packet, 2) - 3).contains(&u32_at(packet, 20)) => Err("emptyRange"),
        _ => Ok(Vec::new()),
    });
    let ranges = match ranges {
        Err(fault) => return differs(expected, Some(fault)),
        Ok(_) if case.text("fault.by") == "pipe" => return None, // whoever reads pipes says so: not this program
        Ok(ranges) => ranges,
    };
    let listed = (0..case.number("packet.gpaRanges")).map(|at| {
        let key = format!("packet.gpaRanges.{at}");
        let pfns = case.text(&format!("{key}.pfns")).split(' ').map(|pfn| pfn.parse().unwrap());
        (case.number(&format!("{key}.byteCount")), case.number(&format!("{key}.byteOffset")), pfns.collect())
    });
    differs(expected, None)
        .or_else(|| differs(case.number("packet.type"), u16_at(&bytes, 0)))
        .or_else(|| differs(case.number("packet.payloadOffset"), u16_at(&bytes, 2) * 8))
        .or_else(|| differs(listed.collect::<Vec<Range>>(), ranges))
}

/// What is wrong where two things are not the same.
fn differs<T: PartialEq + std::fmt::Debug>(expected: T, found: T) -> Option<String> {
    (expected != found).then(|| format!("expected {expected:?}, got {found:?}"))
}

fn check_file(folder: &str, name: &str, check: fn(&Case) -> Option<String>) -> bool {
    let text = fs::read_to_string(format!("{folder}/{name}")).unwrap_or_else(|error| {
        eprintln!("{folder}/{name}: {error}");
        exit(2);
    });
    let (mut cases, mut failures, mut case) = (0, 0, Case(HashMap::new()));
    for line in text.lines() {
        match line.split_once(' ') {
            Some(("case", title)) => case = Case(HashMap::from([("case".into(), title.into())])),
            Some((key, value)) => drop(case.0.insert(key.into(), value.into())),
            None if line == "end" => {
                cases += 1;
                if let Some(failure) = check(&case) {
                    println!("FAIL {}: {failure}", case.text("case"));
                    failures += 1;
                }
                case.0.clear();
            }
            None => {}
        }
    }
    if cases == 0 || !case.0.is_empty() {
        println!("FAIL {name}: it ends in a case, or has none");
        failures += 1;
    }
    println!("{name}: {cases} cases");
    failures == 0
}

fn main() {
    let Some(folder) = env::args().nth(1) else {
        eprintln!("usage: reader DIR");
        exit(2);
    };
    let is_good = check_file(&folder, "rings.txt", check_ring);
    exit(i32::from(!(check_file(&folder, "packets.txt", check_packet) && is_good)));
}
