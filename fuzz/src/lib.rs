//! What the fuzz targets do with their input, apart from libFuzzer, so that ordinary tests can run
//! what was found once (`regressions/`).
//!
//! Each target is a function of bytes that panics if a promise is broken: not only that nothing
//! panics in tcpflow, but that what it tells adds up.

pub mod capture;
pub mod decode;
pub mod http;
pub mod input;
pub mod reassembly;
pub mod seeds;

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    type Target = fn(&[u8]);

    const TARGETS: [(&str, Target); 4] = [
        ("capture", crate::capture::run),
        ("decode", crate::decode::run),
        ("http", crate::http::run),
        ("reassembly", crate::reassembly::run),
    ];

    #[test]
    fn what_was_found_once_is_not_found_again() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("regressions");
        for (name, target) in TARGETS {
            let Ok(inputs) = fs::read_dir(folder.join(name)) else { continue };
            for input in inputs {
                let path = input.unwrap().path();
                println!("{}", path.display());
                target(&fs::read(path).unwrap());
            }
        }
    }

    #[test]
    fn seeds_are_well_formed() {
        for seed in crate::seeds::generated() {
            let (_, target) = TARGETS.iter().find(|(name, _)| *name == seed.target).unwrap();
            println!("{}: {}", seed.target, seed.name);
            target(&seed.bytes);
        }
    }
}
