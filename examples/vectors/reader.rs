//! Reads packets.txt, which `deno task vectors --generate DIR` writes, and holds a reader of packets of its own
//! against it (docs/wire.md 1.9, 2, 3.1): rustc reader.rs && ./reader DIR
use std::{collections::HashMap, env, fs, process::exit};

fn u16_at(bytes: &[u8], at: usize) -> usize {
    bytes[at] as usize | (bytes[at + 1] as usize) << 8
}
fn u32_at(bytes: &[u8], at: usize) -> usize {
    u16_at(bytes, at) | u16_at(bytes, at + 2) << 16
}

/// What a packet says in the words of the vectors, or what a receiver has against it; its trailer is not in `bytes`.
fn read(bytes: &[u8]) -> Result<Vec<String>, &'static str> {
    let (kind, offset, length) = (u16_at(bytes, 0), u16_at(bytes, 2) * 8, u16_at(bytes, 4) * 8);
    let mut said = vec![format!("packet.type {kind}"), format!("packet.payloadOffset {offset}")];
    match (kind, u16_at(bytes, 6)) {
        _ if offset < 16 || offset > length || length > bytes.len() => return Err("invalidDescriptorLengths"),
        (_, 2..) => return Err("invalidDescriptorFlags"),
        (11, 1) => return Err("unexpectedFlags"),
        (7 | 9, _) if offset < 24 => return Err("invalidDescriptorLengths"),
        (7, _) if !(1..=offset / 8 - 3).contains(&u32_at(bytes, 20)) => return Err("emptyRange"),
        (9, _) if u32_at(bytes, 20) == 0 => return Err("invalidGpaDirectRangeCount"),
        (9, _) => (),
        (6 | 7 | 11, _) => return Ok(said),
        _ => return Err("invalidDescriptorType"),
    }
    let mut words = bytes[24..offset].chunks(8);
    for at in 0..u32_at(bytes, 20) {
        let range = words.next().ok_or("emptyRange")?;
        let (count, offset) = (u32_at(range, 0), u32_at(range, 4));
        match (count, offset) {
            (0, _) => return Err("emptyByteCount"),
            (_, 4096..) => return Err("offsetTooLarge"),
            _ if count + offset + 4095 > 0xffff_ffff => return Err("rangeOverflow"),
            _ if (count + offset).div_ceil(4096) > words.len() => return Err("rangeTooSmall"),
            _ => (),
        }
        let pages = words.by_ref().take((count + offset).div_ceil(4096));
        let pfns: Vec<_> = pages.map(|word| (u32_at(word, 0) | u32_at(word, 4) << 32).to_string()).collect();
        said.push(format!("packet.gpaRanges.{at}.byteCount {count}"));
        said.push(format!("packet.gpaRanges.{at}.byteOffset {offset}"));
        said.push(format!("packet.gpaRanges.{at}.pfns {}", pfns.join(" ")));
    }
    Ok(said)
}

/// What is wrong with a case, whose lines are here by their keys.
fn check(case: &HashMap<&str, &str>) -> Option<String> {
    let hex = case.get("hex")?;
    let byte = |at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
    let said = read(&(0..hex.len()).step_by(2).map(byte).collect::<Vec<u8>>());
    match case.get("fault.name") {
        Some(_) if case["fault.by"] == "pipe" => None, // whoever reads pipes says so: not this program
        Some(&fault) => (said != Err(fault)).then(|| format!("expected {fault}, got {said:?}")),
        None => match said {
            Ok(said) => said.into_iter().find(|line| line.split_once(' ').is_none_or(|(key, value)| case.get(key) != Some(&value))),
            Err(fault) => Some(fault.into()),
        },
    }
}

fn main() {
    let path = format!("{}/packets.txt", env::args().nth(1).unwrap_or(".".into()));
    let text = fs::read_to_string(&path).unwrap_or_else(|error| {
        eprintln!("{path}: {error}");
        exit(2)
    });
    let whole: Vec<&str> = text.split("\ncase ").skip(1).collect();
    let is_cut = whole.is_empty() || !text.ends_with("\nend\n");
    let failures = whole.iter().filter_map(|case| {
        let lines = case.lines().skip(1).filter_map(|line| line.split_once(' ')).collect();
        check(&lines).map(|failure| println!("FAIL {}: {failure}", case.lines().next().unwrap_or("")))
    }).count();
    if is_cut {
        println!("FAIL the file: it ends in a case, or has none");
    }
    println!("packets.txt: {} cases", whole.len());
    exit(i32::from(is_cut || failures > 0));
}
