//! Writes inputs for the fuzz targets to begin with: `seeds OUTPUT [CAPTURES]` makes a folder for
//! each target in `OUTPUT`, with what is generated and, if there is a folder of captures, what
//! they hold.

use std::error::Error;
use std::path::PathBuf;
use std::{env, fs};

use tcpflow_fuzz::seeds;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args_os().skip(1).map(PathBuf::from);
    let output = arguments.next().ok_or("usage: seeds OUTPUT [CAPTURES]")?;
    let mut all = seeds::generated();
    if let Some(captures) = arguments.next() {
        for entry in fs::read_dir(captures)? {
            let path = entry?.path();
            if path.is_file() {
                all.extend(seeds::of_capture(&path)?);
            }
        }
    }
    for seed in all {
        let folder = output.join(seed.target);
        fs::create_dir_all(&folder)?;
        fs::write(folder.join(seed.name), seed.bytes)?;
    }
    Ok(())
}
