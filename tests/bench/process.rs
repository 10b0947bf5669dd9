//! What processes use, from `/proc`.

use std::collections::HashMap;
use std::fs;
use std::time::Duration;

use anyhow::Context;

/// The fields of `/proc/PID/stat` that matter here.
struct Stat {
    parent: u32,
    /// Ticks of its own, and of children that have ended.
    ticks: u64,
}

fn stat(pid: u32) -> Option<Stat> {
    let line = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name before may hold spaces and brackets.
    let fields: Vec<&str> = line.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = fields.get(11..15)?.iter().map(|field| field.parse::<u64>()).sum::<Result<u64, _>>().ok()?;
    Some(Stat { parent: fields.get(1)?.parse().ok()?, ticks })
}

/// The parent of a process.
pub fn parent(pid: u32) -> anyhow::Result<u32> {
    Ok(stat(pid).with_context(|| format!("there is no process {pid}"))?.parent)
}

/// The CPU time of a process and everything below it, ended or not.
pub fn cpu(root: u32) -> anyhow::Result<Duration> {
    let mut all = HashMap::new();
    for entry in fs::read_dir("/proc")? {
        let name = entry?.file_name();
        if let Some(pid) = name.to_str().and_then(|name| name.parse::<u32>().ok())
            && let Some(stat) = stat(pid)
        {
            all.insert(pid, stat);
        }
    }
    let is_below = |mut pid: u32| {
        while pid != root {
            match all.get(&pid) {
                Some(stat) if stat.parent != pid => pid = stat.parent,
                Some(_) | None => return false,
            }
        }
        true
    };
    let ticks: u64 = all.iter().filter(|(pid, _)| is_below(**pid)).map(|(_, stat)| stat.ticks).sum();
    // SAFETY: a plain system call.
    let per_second = unsafe { libc::sysconf(libc::_SC_CLK_TCK) };
    Ok(Duration::from_secs_f64(ticks as f64 / per_second.max(1) as f64))
}

/// A size of a process in MB (10^6 bytes): `VmRSS` now, `VmHWM` at its highest.
pub fn megabytes(pid: u32, field: &str) -> anyhow::Result<f64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
    let kibibytes: f64 = line.and_then(|line| line.split_whitespace().next()).context("no such field")?.parse()?;
    Ok(kibibytes * 1024.0 / 1e6)
}

/// The processes right below one.
pub fn children(pid: u32) -> anyhow::Result<Vec<u32>> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc")? {
        let child = entry?.file_name().to_str().and_then(|name| name.parse::<u32>().ok());
        found.extend(child.filter(|child| stat(*child).is_some_and(|stat| stat.parent == pid)));
    }
    Ok(found)
}

/// The memory that is a process' own or its share of what it shares, in MB.
pub fn proportional_megabytes(pid: u32) -> Option<f64> {
    let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
    let line = rollup.lines().find_map(|line| line.strip_prefix("Pss:"))?;
    Some(line.split_whitespace().next()?.parse::<f64>().ok()? * 1024.0 / 1e6)
}
